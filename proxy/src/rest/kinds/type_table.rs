use serde::Deserialize;
use serde_json::{Map, Value};

/// A type of Go's: its fields in the order in which they are written.
#[derive(Debug, Deserialize)]
pub struct TypeTable {
    /// Its name in Go, `v1.APIServiceSpec`.
    pub go: String,
    /// What Go's documentation says of it.
    #[serde(default)]
    pub description: String,
    /// Its fields; empty for a scalar.
    #[serde(default)]
    pub fields: Vec<Field>,
    /// What kind of scalar it is, if it is one.
    pub scalar: Option<Scalar>,
    /// How OpenAPI v3 describes a scalar.
    #[serde(default)]
    pub schema: Map<String, Value>,
    /// How OpenAPI v2 describes it, where that is another way.
    pub schema_v2: Option<Map<String, Value>>,
    /// What OpenAPI says of it beyond its own words: `x-kubernetes-...`.
    #[serde(default)]
    pub extensions: Map<String, Value>,
}

impl TypeTable {
    /// Its name in Go without the package.
    pub fn go_name(&self) -> &str {
        self.go.rsplit('.').next().unwrap_or(&self.go)
    }
}

/// A field of a type.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Field {
    /// Its name in JSON; empty for one whose fields stand in its place.
    pub json: String,
    /// Its type as Go's errors write it.
    pub go_type: String,
    /// Its type.
    #[serde(rename = "type")]
    pub shape: Shape,
    /// Its fields stand in its place.
    pub inline: bool,
    /// Left out where it is empty.
    pub omitempty: bool,
    /// Left out where it is zero.
    pub omitzero: bool,
    /// It may be absent, which is not the same as zero.
    pub pointer: bool,
    /// What a strategic merge tells items of the list apart by.
    pub merge_key: String,
    /// `merge`, `replace`, `retainKeys`, or several behind commas.
    pub patch_strategy: String,
    /// Its number in protobuf; 0 for what is not sent.
    pub protobuf: u32,
    /// Whether OpenAPI says that it must be there.
    pub required: bool,
    /// What Go's documentation says of it.
    pub description: String,
    /// What it holds where nobody sets it, in OpenAPI's words.
    pub default: Option<Value>,
    /// What an item of it holds where nobody sets it.
    pub items_default: Option<Value>,
    /// The values it may have, if they are told.
    #[serde(rename = "enum")]
    pub values: Option<Vec<Value>>,
    /// The values its items may have, if they are told.
    #[serde(rename = "items_enum")]
    pub items_values: Option<Vec<Value>>,
    /// `atomic`, `set` or `map`, for a list.
    pub list_type: String,
    /// What items of a list of type `map` are told apart by.
    pub list_map_keys: Vec<String>,
    /// `atomic` or `granular`, for a map.
    pub map_type: String,
}

/// What stands in a field.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// An object of a type of the tables.
    Ref(String),
    /// A list.
    Array(Box<Shape>),
    /// A map from text.
    Map(Box<Shape>),
    /// Anything else.
    #[serde(untagged)]
    Scalar(Scalar),
}

impl Default for Shape {
    fn default() -> Self {
        Self::Scalar(Scalar::Any)
    }
}

/// What has no fields.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Scalar {
    /// Text.
    String,
    /// True or false.
    Bool,
    /// A whole number of 32 bits.
    Int32,
    /// A whole number of 64 bits.
    Int64,
    /// A number.
    Float64,
    /// Bytes, in base64.
    Bytes,
    /// A time in whole seconds.
    Time,
    /// A time in microseconds.
    MicroTime,
    /// A number or a text.
    IntOrString,
    /// An amount.
    Quantity,
    /// Anything.
    Raw,
    /// What a manager owns.
    FieldsV1,
    /// Anything.
    Any,
}
