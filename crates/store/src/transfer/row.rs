//! A row as a line: the same values always make the same bytes.

use std::fmt;

use data_encoding::BASE64;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use crate::db::Value;

/// Writes a row's line at the end of `line`.
pub(crate) fn encode(row: &[Value<'_>], line: &mut Vec<u8>) {
    line.push(b'[');
    for (index, value) in row.iter().enumerate() {
        if index > 0 {
            line.push(b',');
        }
        match value {
            Value::Null => line.extend(b"null"),
            Value::Int(number) => line.extend(number.to_string().as_bytes()),
            Value::Text(text) => {
                serde_json::to_writer(&mut *line, text).expect("a text in memory can be written");
            }
            Value::Blob(bytes) => {
                line.extend(b"{\"b\":\"");
                line.extend(BASE64.encode(bytes).as_bytes());
                line.extend(b"\"}");
            }
        }
    }
    line.extend(b"]\n");
}

/// Reads a row's line.
pub(super) fn decode(line: &[u8]) -> Result<Vec<Value<'static>>, serde_json::Error> {
    let cells: Vec<Cell> = serde_json::from_slice(line)?;
    Ok(cells.into_iter().map(|Cell(value)| value).collect())
}

struct Cell(Value<'static>);

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_any(AnyCell).map(Self)
    }
}

struct AnyCell;

impl<'de> Visitor<'de> for AnyCell {
    type Value = Value<'static>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("null, a whole number, a text or bytes as {\"b\":\"base64\"}")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Value::Null)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Value::Int(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        i64::try_from(number).map(Value::Int).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Value::Text(text.to_owned().into()))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<Self::Value, M::Error> {
        let Some(("b", text)) = members.next_entry::<&str, &str>()? else {
            return Err(M::Error::custom("bytes stand as {\"b\":\"base64\"}"));
        };
        let bytes = BASE64.decode(text.as_bytes()).map_err(M::Error::custom)?;
        if members.next_key::<&str>()?.is_some() {
            return Err(M::Error::custom("bytes have one member"));
        }
        Ok(Value::Blob(bytes.into()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_value() -> impl Strategy<Value = Value<'static>> {
        prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::Int),
            any::<String>().prop_map(|text| Value::Text(text.into())),
            prop::collection::vec(any::<u8>(), 0..40).prop_map(|bytes| Value::Blob(bytes.into())),
        ]
    }

    #[test]
    fn a_row_looks_like_this() {
        let row = [
            Value::Int(-1),
            Value::Null,
            Value::Text("pão\n\"".into()),
            Value::Blob(vec![0, 255].into()),
        ];
        let mut line = Vec::new();
        encode(&row, &mut line);
        assert_eq!(String::from_utf8(line).unwrap(), "[-1,null,\"pão\\n\\\"\",{\"b\":\"AP8=\"}]\n");
    }

    #[test]
    fn what_no_database_holds_is_no_row() {
        for line in ["[1.5]", "[true]", "[[1]]", "{}", r#"[{"c":""}]"#, r#"[{"b":"A"}]"#, "[1] 2"] {
            assert!(decode(line.as_bytes()).is_err(), "{line}");
        }
        assert!(decode(b"[18446744073709551615]").is_err());
    }

    proptest! {
        #[test]
        fn every_row_comes_back_from_one_line(row in prop::collection::vec(any_value(), 0..9)) {
            let mut line = Vec::new();
            encode(&row, &mut line);
            prop_assert_eq!(line.split(|byte| *byte == b'\n').count() - 1, 1);
            prop_assert_eq!(decode(&line).unwrap(), row);
        }
    }
}
