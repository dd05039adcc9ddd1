//! A block: the calls of a second or so, packed. Each owner's are a section of their own, which is read without the others.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::request_id::{MadeId, id_hash};
use super::wire::{Reader, Writer};
use super::{Asked, BLOCK_CALLS_MAX, Body, By, Call, Kept, Owner};
use crate::event::Mode;
use crate::id::{ApplicationId, EventId, KeyId, MerchantId};

/// How a section is written. It stands in front of each.
const VERSION: u8 = 1;
/// Bytes of a section before it is compressed, at most.
const SECTION_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes that a call takes at least, before it is compressed.
const CALL_BYTES_MIN: usize = 16;

/// Calls, packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Drawn by chance: a block that is written again, because nobody said that it was written, has the same.
    pub number: i64,
    /// When the first of them began, in Unix milliseconds.
    pub first_ms: i64,
    /// When the last of them began.
    pub last_ms: i64,
    /// How many.
    pub calls: u32,
    /// Where each owner's are.
    pub sections: Vec<Section>,
    /// What the ids that callers brought are found by.
    pub brought: Vec<i64>,
    /// The calls.
    pub body: Vec<u8>,
}

/// Where the calls of an owner are in a block's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Section {
    /// Whose they are.
    pub owner: Owner,
    /// The first byte.
    pub at: u32,
    /// How many bytes.
    pub bytes: u32,
}

/// Bytes that are no calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the calls of a block cannot be read")]
pub struct Damaged;

/// Packs calls, at most [`BLOCK_CALLS_MAX`]; `None` when there are none, or too many or too large ones. In each owner's section they
/// stand in the order in which they began.
#[must_use]
pub fn pack(mut calls: Vec<Call>, number: i64) -> Option<Block> {
    calls.sort_by_key(|call| call.at);
    let ms = |call: Option<&Call>| call.map(|call| call.at.as_millisecond());
    let (first_ms, last_ms) = (ms(calls.first())?, ms(calls.last())?);
    if calls.len() > BLOCK_CALLS_MAX {
        return None;
    }
    let mut brought: Vec<i64> = calls
        .iter()
        .filter(|call| MadeId::made_at(&call.id, call.at).is_none())
        .map(|call| id_hash(&call.id))
        .collect();
    brought.sort_unstable();
    brought.dedup();
    let mut by_owner: BTreeMap<(i64, u8), Vec<&Call>> = BTreeMap::new();
    for call in &calls {
        by_owner.entry(written(call.owner)).or_default().push(call);
    }
    let (mut body, mut sections) = (Vec::new(), Vec::new());
    for (_, calls) in by_owner {
        let at = u32::try_from(body.len()).ok()?;
        body.extend_from_slice(&section(&calls)?);
        let bytes = u32::try_from(body.len()).ok()? - at;
        sections.push(Section { owner: calls.first()?.owner, at, bytes });
    }
    let calls = u32::try_from(calls.len()).ok()?;
    Some(Block { number, first_ms, last_ms, calls, sections, brought, body })
}

/// The calls of some sections, one after the other, in the order in which they began.
pub fn unpack(sections: &[u8]) -> Result<Vec<Call>, Damaged> {
    let (mut calls, mut reader) = (Vec::new(), Reader::new(sections));
    while !reader.is_at_end() {
        read_section(&mut reader, &mut calls)?;
    }
    calls.sort_by_key(|call| call.at);
    Ok(calls)
}

/// An owner as two numbers; nobody is 0.
fn written(owner: Owner) -> (i64, u8) {
    match owner {
        None => (0, 0),
        Some((merchant, Mode::Test)) => (merchant.as_i64(), 1),
        Some((merchant, Mode::Live)) => (merchant.as_i64(), 2),
    }
}

fn section(calls: &[&Call]) -> Option<Vec<u8>> {
    let (mut rows, mut before) = (Writer::default(), Before::default());
    for call in calls {
        write(&mut rows, call, &mut before);
    }
    if rows.bytes.len() > SECTION_BYTES_MAX {
        return None;
    }
    let packed = lz4_flex::block::compress(&rows.bytes);
    let mut section = Writer::default();
    section.bytes.push(VERSION);
    let (merchant, mode) = written(calls.first()?.owner);
    section.difference(merchant);
    section.number(mode.into());
    section.number(calls.len() as u64);
    section.number(rows.bytes.len() as u64);
    section.number(packed.len() as u64);
    section.bytes.extend_from_slice(&packed);
    Some(section.bytes)
}

fn read_section(reader: &mut Reader<'_>, calls: &mut Vec<Call>) -> Result<(), Damaged> {
    if reader.bytes(1)? != [VERSION] {
        return Err(Damaged);
    }
    let merchant = MerchantId::from_i64(reader.difference()?);
    let owner = match reader.number()? {
        0 => None,
        1 => Some((merchant, Mode::Test)),
        2 => Some((merchant, Mode::Live)),
        3.. => return Err(Damaged),
    };
    let mut size = || usize::try_from(reader.number()?).map_err(|_| Damaged);
    let (count, bytes) = (size()?, size()?);
    let sound = count <= BLOCK_CALLS_MAX
        && bytes <= SECTION_BYTES_MAX
        && count.saturating_mul(CALL_BYTES_MIN) <= bytes;
    if !sound || calls.len() + count > BLOCK_CALLS_MAX {
        return Err(Damaged);
    }
    let packed = reader.count()?;
    let rows = lz4_flex::block::decompress(reader.bytes(packed)?, bytes).map_err(|_| Damaged)?;
    let (mut rows, mut before) = (Reader::new(&rows), Before::default());
    for _ in 0..count {
        calls.push(read(&mut rows, owner, &mut before)?);
    }
    if rows.is_at_end() { Ok(()) } else { Err(Damaged) }
}

/// What the call before had, from which the next differs by little.
#[derive(Default)]
struct Before {
    us: i64,
    number: u64,
    event: i64,
}

fn write(rows: &mut Writer, call: &Call, before: &mut Before) {
    let us = call.at.as_microsecond();
    rows.difference(us.wrapping_sub(before.us));
    before.us = us;
    rows.number(call.took_us);
    if let Some(MadeId { ms, process, number }) = MadeId::read(&call.id) {
        rows.number(1);
        rows.difference(ms.wrapping_sub(call.at.as_millisecond()));
        rows.difference(number.wrapping_sub(before.number).cast_signed());
        rows.number(process.into());
        before.number = number;
    } else {
        rows.number(0);
        rows.text(&call.id);
    }
    write_by(rows, call.by);
    let Asked { method, path, peer, user_agent, idempotency_key, content_type } = &call.asked;
    rows.text(method);
    rows.text(path);
    for maybe in [peer, user_agent, content_type, &call.code, idempotency_key] {
        rows.maybe_text(maybe.as_ref());
    }
    rows.number(call.status.into());
    write_body(rows, &call.request);
    write_body(rows, &call.response);
    rows.number(call.events.len() as u64);
    for event in &call.events {
        rows.difference(event.as_i64().wrapping_sub(before.event));
        before.event = event.as_i64();
    }
}

fn read(rows: &mut Reader<'_>, owner: Owner, before: &mut Before) -> Result<Call, Damaged> {
    before.us = before.us.wrapping_add(rows.difference()?);
    let at = Timestamp::from_microsecond(before.us).map_err(|_| Damaged)?;
    let took_us = rows.number()?;
    let id = match rows.number()? {
        0 => rows.text()?,
        1 => {
            let ms = at.as_millisecond().wrapping_add(rows.difference()?);
            before.number = before.number.wrapping_add(rows.difference()?.cast_unsigned());
            let process = u32::try_from(rows.number()?).map_err(|_| Damaged)?;
            MadeId { ms, process, number: before.number }.to_string().into()
        }
        2.. => return Err(Damaged),
    };
    let by = read_by(rows)?;
    let (method, path) = (rows.text()?, rows.text()?);
    let (peer, user_agent) = (rows.maybe_text()?, rows.maybe_text()?);
    let (content_type, code) = (rows.maybe_text()?, rows.maybe_text()?);
    let idempotency_key = rows.maybe_text()?;
    let asked = Asked { method, path, peer, user_agent, idempotency_key, content_type };
    let status = u16::try_from(rows.number()?).map_err(|_| Damaged)?;
    let (request, response) = (read_body(rows)?, read_body(rows)?);
    let mut events = Vec::with_capacity(rows.count()?);
    for _ in 0..events.capacity() {
        before.event = before.event.wrapping_add(rows.difference()?);
        events.push(EventId::from_i64(before.event));
    }
    Ok(Call { id, at, took_us, owner, by, asked, status, code, request, response, events })
}

fn write_by(rows: &mut Writer, by: By) {
    match by {
        By::Nobody => rows.number(0),
        By::Operator => rows.number(1),
        By::Program(application) => {
            rows.number(2);
            rows.difference(application.as_i64());
        }
        By::Key(key) => {
            rows.number(3);
            rows.difference(key.as_i64());
        }
    }
}

fn read_by(rows: &mut Reader<'_>) -> Result<By, Damaged> {
    match rows.number()? {
        0 => Ok(By::Nobody),
        1 => Ok(By::Operator),
        2 => Ok(By::Program(ApplicationId::from_i64(rows.difference()?))),
        3 => Ok(By::Key(KeyId::from_i64(rows.difference()?))),
        4.. => Err(Damaged),
    }
}

fn write_body(rows: &mut Writer, body: &Body) {
    rows.number(body.bytes);
    match &body.kept {
        Kept::Nothing => rows.number(0),
        Kept::Whole(text) => {
            rows.number(1);
            rows.text(text);
        }
        Kept::Cut(text) => {
            rows.number(2);
            rows.text(text);
        }
    }
}

fn read_body(rows: &mut Reader<'_>) -> Result<Body, Damaged> {
    let bytes = rows.number()?;
    let kept = match rows.number()? {
        0 => Kept::Nothing,
        1 => Kept::Whole(rows.text()?),
        2 => Kept::Cut(rows.text()?),
        3.. => return Err(Damaged),
    };
    Ok(Body { bytes, kept })
}
