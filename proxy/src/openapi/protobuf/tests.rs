use prost::Message as _;

use super::*;
use crate::{meta::GroupVersion, openapi::v2};

fn ours() -> Value {
    let versions = [GroupVersion::new("apiregistration.k8s.io", "v1"), GroupVersion::new("", "v1")];
    v2::document(&versions)
}

#[test]
fn what_is_decoded_is_what_was_encoded() {
    let document = self::document(&ours());
    assert_eq!(Document::decode(&*document.encode_to_vec()).unwrap(), document);
}

#[test]
fn nothing_that_the_json_says_is_lost() {
    let json = ours();
    let decoded = Document::decode(&*encode(&json)).unwrap();
    let definitions = decoded.definitions.unwrap().named;
    assert_eq!(definitions.len(), json["definitions"].as_object().unwrap().len());
    for named in &definitions {
        assert_schema(named.value.as_ref().unwrap(), &json["definitions"][&named.name]);
    }
    let paths = decoded.paths.unwrap().path;
    assert_eq!(paths.len(), json["paths"].as_object().unwrap().len());
    let named = paths.iter().find(|path| path.name.ends_with("/apiservices/{name}")).unwrap();
    let patch = named.value.as_ref().unwrap().patch.as_ref().unwrap();
    let said = &json["paths"][&named.name]["patch"];
    assert_eq!(patch.operation_id, said["operationId"].as_str().unwrap());
    assert_eq!(patch.consumes.len(), said["consumes"].as_array().unwrap().len());
    assert_eq!(patch.parameters.len(), said["parameters"].as_array().unwrap().len());
    assert_eq!(patch.vendor_extension.len(), 2);
    let kind = patch.vendor_extension.iter().find(|named| named.name == "x-kubernetes-group-version-kind").unwrap();
    assert!(kind.value.as_ref().unwrap().yaml.contains("kind: APIService\n"));
}

/// Every word of a schema in JSON stands in the message too.
fn assert_schema(message: &Schema, json: &Value) {
    for (word, value) in json.as_object().unwrap() {
        match word.as_str() {
            "$ref" => assert_eq!(message.reference, value.as_str().unwrap()),
            "type" => assert_eq!(message.r#type.as_ref().unwrap().value, [value.as_str().unwrap()]),
            "format" => assert_eq!(message.format, value.as_str().unwrap()),
            "description" => assert_eq!(message.description, value.as_str().unwrap()),
            "required" => assert_eq!(message.required.len(), value.as_array().unwrap().len()),
            "enum" => assert_eq!(message.r#enum.len(), value.as_array().unwrap().len()),
            "items" => assert_schema(&message.items.as_ref().unwrap().schema[0], value),
            "additionalProperties" => {
                assert_schema(message.additional_properties.as_ref().unwrap().schema.as_ref().unwrap(), value);
            }
            "properties" => {
                for named in &message.properties.as_ref().unwrap().named {
                    assert_schema(named.value.as_ref().unwrap(), &value[&named.name]);
                }
            }
            extension => assert!(message.vendor_extension.iter().any(|named| named.name == extension), "{extension}"),
        }
    }
}
