//! A value inside other documents: written through serde.

use super::{Json, Members};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// As serde's formats print it; a body that is signed is printed by [`Json::write`] instead.
impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Null => serializer.serialize_unit(),
            Json::Bool(truth) => serializer.serialize_bool(*truth),
            Json::Number(number) => match self.as_i64() {
                Some(integer) => serializer.serialize_i64(integer),
                None => serializer.serialize_f64(*number),
            },
            Json::String(text) => serializer.serialize_str(text),
            Json::Array(items) => items.serialize(serializer),
            Json::Object(members) => members.serialize(serializer),
        }
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serde_carries_a_value_there_and_back() {
        let text = r#"{"1":[null,true,-3,2.5],"b":{"c":"é"},"a":1e+300}"#;
        let value: Json = serde_json::from_str(text).unwrap();
        let carried = serde_json::to_string(&value).unwrap();
        assert_eq!(carried, text);
        assert_eq!(serde_json::from_str::<Json>(&carried).unwrap(), value);
    }
}
