/// What is written into an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The object's collection and name.
    pub object: String,
    /// A number unlike all others of the run; none: it is deleted.
    pub value: Option<u64>,
}

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The API server has acknowledged it.
    Acknowledged(State),
    /// The API server said that it is not done.
    Refused(String),
    /// It said something else, or nothing: it may have been done.
    Unknown(String),
}

/// What an answer says of an object beside its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Its resource version; 0: the answer has none.
    pub revision: u64,
    /// The address of a Service.
    pub address: Option<String>,
}

/// What an object was read as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The object's collection and name.
    pub object: String,
    /// What it has in it; none: there is no such object.
    pub value: Option<u64>,
    /// What else is known of it.
    pub state: State,
}

/// A change of an object, as the watcher was told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The resource version.
    pub revision: u64,
    /// The object's collection and name.
    pub object: String,
    /// What it has in it; none: nothing of ours, or it is gone.
    pub value: Option<u64>,
}
