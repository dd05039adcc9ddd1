//! Attempts as rows: phases, peer, answer and secrets are small blobs.

use std::net::IpAddr;

use bytes::Bytes;
use posthorn_core::attempt::{Answer, Attempt, ErrorClass, Phases, Rendering, Tried, Unreachable};
use posthorn_core::id::{ContractId, SecretId};

use super::Place;
use crate::StoreError;

/// A row of `attempts`, without the delivery's id.
#[derive(Debug)]
pub(crate) struct AttemptRow {
    pub(crate) claim: i64,
    pub(crate) run: i64,
    pub(crate) number: i64,
    pub(crate) at: i64,
    pub(crate) late: bool,
    pub(crate) phases: Vec<u8>,
    pub(crate) peer: Option<Vec<u8>>,
    pub(crate) answer: AnswerColumns,
    pub(crate) signed_at: i64,
    pub(crate) endpoint_version: i64,
    pub(crate) contract: i64,
    pub(crate) secrets: Vec<u8>,
}

/// What came back, or why nothing did, as columns.
#[derive(Debug, PartialEq)]
pub(crate) struct AnswerColumns {
    pub(crate) status: Option<i64>,
    pub(crate) error: Option<i64>,
    pub(crate) error_detail: Option<String>,
    pub(crate) answer: Option<Vec<u8>>,
    pub(crate) truncated: bool,
}

impl AttemptRow {
    /// `delivery` is for errors.
    pub(crate) fn read(self, delivery: i64) -> Result<Attempt, StoreError> {
        let place = Place { table: "attempts", row: delivery };
        let (secrets, rest) = self.secrets.as_chunks::<8>();
        if !rest.is_empty() {
            return Err(place.corrupt("secrets"));
        }
        Ok(Attempt {
            claim: place.count("claim", self.claim)?,
            run: place.count("run", self.run)?,
            number: place.count("number", self.number)?,
            at: place.time("at", self.at)?,
            late: self.late,
            tried: Tried {
                result: self.answer.read(place)?,
                phases: phases(&self.phases).ok_or_else(|| place.corrupt("phases"))?,
                peer: self.peer.map(|blob| peer(place, &blob)).transpose()?,
            },
            rendering: Rendering {
                signed_at: self.signed_at,
                endpoint_version: place.count("endpoint_version", self.endpoint_version)?,
                contract: ContractId::from_i64(self.contract),
                secrets: secrets
                    .iter()
                    .map(|bytes| SecretId::from_i64(i64::from_le_bytes(*bytes)))
                    .collect(),
            },
        })
    }
}

impl AnswerColumns {
    pub(crate) fn of(result: &Result<Answer, Unreachable>) -> Self {
        match result {
            Ok(answer) => Self {
                status: Some(answer.status.into()),
                error: None,
                error_detail: None,
                answer: Some(answer_blob(answer)),
                truncated: answer.truncated,
            },
            Err(Unreachable { class, detail, partial }) => Self {
                status: partial.as_ref().map(|answer| answer.status.into()),
                error: Some(*class as i64),
                error_detail: Some(detail.clone()),
                answer: partial.as_ref().map(|answer| answer_blob(answer)),
                truncated: partial.as_ref().is_some_and(|answer| answer.truncated),
            },
        }
    }

    fn read(self, place: Place) -> Result<Result<Answer, Unreachable>, StoreError> {
        let answer = match self.status {
            None => None,
            Some(status) => {
                let blob = self.answer.unwrap_or_default();
                let (headers, body) = read_answer(&blob).ok_or_else(|| place.corrupt("answer"))?;
                let status = u16::try_from(status).map_err(|_| place.corrupt("status"))?;
                Some(Answer { status, headers, body, truncated: self.truncated })
            }
        };
        match (self.error, answer) {
            (None, answer) => Ok(Ok(answer.ok_or_else(|| place.corrupt("status"))?)),
            (Some(code), partial) => Ok(Err(Unreachable {
                class: ErrorClass::from_code(code).ok_or_else(|| place.corrupt("error"))?,
                detail: self.error_detail.unwrap_or_default(),
                partial: partial.map(Box::new),
            })),
        }
    }
}

const NO_PHASE: u32 = u32::MAX;

/// Five `u32` in little-endian order, microseconds; all ones stand for none.
pub(crate) fn phases_blob(phases: Phases) -> [u8; 20] {
    let Phases { dns_us, connect_us, tls_us, headers_us, body_us } = phases;
    let mut blob = [0; 20];
    let (chunks, _) = blob.as_chunks_mut::<4>();
    for (chunk, phase) in chunks.iter_mut().zip([dns_us, connect_us, tls_us, headers_us, body_us]) {
        *chunk = phase.map_or(NO_PHASE, |us| us.min(NO_PHASE - 1)).to_le_bytes();
    }
    blob
}

fn phases(blob: &[u8]) -> Option<Phases> {
    let (chunks, []) = blob.as_chunks::<4>() else { return None };
    let [dns, connect, tls, headers, body] = chunks else { return None };
    let read = |chunk: &[u8; 4]| Some(u32::from_le_bytes(*chunk)).filter(|us| *us != NO_PHASE);
    Some(Phases {
        dns_us: read(dns),
        connect_us: read(connect),
        tls_us: read(tls),
        headers_us: read(headers),
        body_us: read(body),
    })
}

fn peer(place: Place, blob: &[u8]) -> Result<IpAddr, StoreError> {
    if let Ok(four) = <[u8; 4]>::try_from(blob) {
        return Ok(four.into());
    }
    <[u8; 16]>::try_from(blob).map(IpAddr::from).map_err(|_| place.corrupt("peer"))
}

/// The four or sixteen bytes of an address.
pub(crate) fn peer_blob(peer: IpAddr) -> Vec<u8> {
    match peer {
        IpAddr::V4(four) => four.octets().to_vec(),
        IpAddr::V6(six) => six.octets().to_vec(),
    }
}

/// The ids of secrets, eight bytes each, little-endian.
pub(crate) fn secrets_blob(secrets: &[SecretId]) -> Vec<u8> {
    secrets.iter().flat_map(|secret| secret.as_i64().to_le_bytes()).collect()
}

/// The number of headers; name and value of each with their lengths; the body. Numbers are `u32`,
/// little-endian.
fn answer_blob(answer: &Answer) -> Vec<u8> {
    let mut blob = Vec::with_capacity(64 + answer.body.len());
    put_length(&mut blob, answer.headers.len());
    for text in answer.headers.iter().flat_map(|(name, value)| [name, value]) {
        put_length(&mut blob, text.len());
        blob.extend_from_slice(text.as_bytes());
    }
    blob.extend_from_slice(&answer.body);
    blob
}

fn put_length(blob: &mut Vec<u8>, length: usize) {
    let length = u32::try_from(length).expect("headers and bodies are bounded far below 4 GiB");
    blob.extend_from_slice(&length.to_le_bytes());
}

fn read_answer(mut blob: &[u8]) -> Option<(Vec<(String, String)>, Bytes)> {
    let count = take_length(&mut blob)?;
    let mut headers = Vec::new();
    for _ in 0..count {
        headers.push((take_text(&mut blob)?, take_text(&mut blob)?));
    }
    Some((headers, Bytes::copy_from_slice(blob)))
}

fn take_length(blob: &mut &[u8]) -> Option<usize> {
    let (length, rest) = blob.split_first_chunk::<4>()?;
    *blob = rest;
    usize::try_from(u32::from_le_bytes(*length)).ok()
}

fn take_text(blob: &mut &[u8]) -> Option<String> {
    let length = take_length(blob)?;
    let (text, rest) = blob.split_at_checked(length)?;
    *blob = rest;
    String::from_utf8(text.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLACE: Place = Place { table: "attempts", row: 1 };

    fn a_phase() -> impl Strategy<Value = Option<u32>> {
        proptest::option::of(0..NO_PHASE)
    }

    proptest! {
        #[test]
        fn an_answer_comes_back_from_its_columns(
            status in 100_u16..600,
            headers in proptest::collection::vec(("[a-z-]{1,20}", "\\PC{0,40}"), 0..5),
            body in proptest::collection::vec(any::<u8>(), 0..200),
            truncated: bool,
        ) {
            let answer = Answer { status, headers, body: body.into(), truncated };
            let partial = Some(Box::new(answer.clone()));
            let detail = "half of it".to_owned();
            let broken = Unreachable { class: ErrorClass::TimeoutBody, detail, partial };
            for result in [Ok(answer), Err(broken), Err(Unreachable::new(ErrorClass::Dns, "x"))] {
                prop_assert_eq!(AnswerColumns::of(&result).read(PLACE), Ok(result));
            }
        }

        #[test]
        fn phases_come_back_from_their_blob(
            dns_us in a_phase(), connect_us in a_phase(), tls_us in a_phase(),
            headers_us in a_phase(), body_us in a_phase(),
        ) {
            let expected = Phases { dns_us, connect_us, tls_us, headers_us, body_us };
            prop_assert_eq!(phases(&phases_blob(expected)), Some(expected));
        }

        #[test]
        fn a_damaged_answer_is_refused_and_never_a_panic(
            blob in proptest::collection::vec(any::<u8>(), 0..60),
        ) {
            let _ = read_answer(&blob);
        }
    }

    #[test]
    fn a_blob_of_another_length_is_no_phases_and_no_peer() {
        assert_eq!(phases(&[0; 19]), None);
        assert_eq!(phases(&[0; 24]), None);
        assert_eq!(peer(PLACE, &[1; 5]), Err(PLACE.corrupt("peer")));
    }

    #[test]
    fn a_header_that_claims_more_bytes_than_there_are_is_corrupt() {
        let columns = AnswerColumns {
            status: Some(200),
            error: None,
            error_detail: None,
            answer: Some(vec![1, 0, 0, 0, 255, 0, 0, 0, b'a']),
            truncated: false,
        };
        assert_eq!(columns.read(PLACE), Err(PLACE.corrupt("answer")));
    }
}
