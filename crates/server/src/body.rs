//! Reading a request's body: bounded in bytes, alone and with all others, and in time; with its idempotency key.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::{FromRequest, Request};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http::request::Parts;
use http::{HeaderMap, header};
use posthorn_core::id::EventId;
use posthorn_engine::RequestKey;
use serde::Deserialize;

use crate::address::Address;
use crate::app::App;
use crate::decode;
use crate::noted::Noted;
use crate::problem::{Code, Problem};
use crate::room::Room;

/// The most bytes a body may have: an event's 1 MiB of data, and room for what is around it.
pub const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;
/// The most bytes a batch may have.
pub const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The most characters an idempotency key may have.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
/// How long a body may take to arrive.
const BODY_WITHIN: Duration = Duration::from_mins(1);
/// How long one of somebody without a key may take.
const STRANGER_WITHIN: Duration = Duration::from_secs(5);
/// After how many seconds a client is told to come again when there is no room for its body.
const BUSY_RETRY_S: u32 = 1;
/// How much of a body that is too large is read and thrown away, so that a client which writes all
/// before it reads gets to see the answer.
const DISCARDED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The same of somebody without a key.
const STRANGER_DISCARDED_BYTES_MAX: usize = 256 * 1024;

/// A POST or PATCH as it arrived: its body, at most `MAX` bytes, and its idempotency key.
pub(crate) struct Sent<const MAX: usize = BODY_BYTES_MAX> {
    pub(crate) body: Bytes,
    pub(crate) key: Option<RequestKey>,
    /// Its share of what may be held at once.
    _room: Room,
    noted: Option<Noted>,
}

impl<const MAX: usize> Sent<MAX> {
    /// The body as JSON; an empty body counts as `{}`.
    pub(crate) fn decode<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        decode::object(&self.body)
    }

    /// Notes that these events hold what was sent.
    pub(crate) fn is_held_by(&self, events: impl IntoIterator<Item = EventId>) {
        if let Some(noted) = &self.noted {
            noted.events(events);
        }
    }
}

impl<const MAX: usize> FromRequest<App> for Sent<MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let key = idempotency_key(&parts.headers)?;
        let bound = Bound { bytes: MAX, within: BODY_WITHIN, discarded: DISCARDED_BYTES_MAX };
        let room = app.bodies().room(&parts.headers);
        let (body, room) = bound.read(body, &parts.headers, room, app).await?;
        let (method, path) = (parts.method.as_str(), parts.uri.path());
        let key = key.map(|key| RequestKey::new(key, method, path, &body));
        Noted::body(&parts.extensions, &body);
        let noted = Noted::of(&parts.extensions).cloned();
        Ok(Self { body, key, _room: room, noted })
    }
}

/// A request with a body of somebody who has no key, or has not shown it yet: small, soon there, and beside those who have one.
pub(crate) struct Strange<const MAX: usize> {
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
    /// Its share of what strangers may hold: to be kept until the answer is made.
    pub(crate) room: Room,
}

impl<const MAX: usize> FromRequest<App> for Strange<MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let discarded = STRANGER_DISCARDED_BYTES_MAX;
        let bound = Bound { bytes: MAX, within: STRANGER_WITHIN, discarded };
        let room = app.strangers().room_of(Address::of(&parts).counted());
        let (body, room) = bound.read(body, &parts.headers, room, app).await?;
        Noted::body(&parts.extensions, &body);
        Ok(Self { parts, body, room })
    }
}

/// How a body is read.
#[derive(Clone, Copy)]
struct Bound {
    bytes: usize,
    within: Duration,
    discarded: usize,
}

impl Bound {
    async fn read(
        self,
        body: Body,
        headers: &HeaderMap,
        room: Room,
        app: &App,
    ) -> Result<(Bytes, Room), Problem> {
        let reading = self.whole(body, headers, room, app);
        tokio::time::timeout(self.within, reading).await.map_err(|_| {
            let detail = format!("the body did not arrive within {} s", self.within.as_secs());
            Problem::new(Code::BodyTimeout, detail)
        })?
    }

    async fn whole(
        self,
        body: Body,
        headers: &HeaderMap,
        mut room: Room,
        app: &App,
    ) -> Result<(Bytes, Room), Problem> {
        let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let announced = announced.and_then(|length| length.parse::<u64>().ok());
        let mut chunks = body.into_data_stream();
        if announced.is_some_and(|bytes| bytes > self.bytes as u64) {
            self.discard(chunks).await;
            return Err(too_large(self.bytes));
        }
        let broken = |_| Problem::new(Code::MalformedJson, "the body ended before it was complete");
        let expected = announced.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or_default();
        let mut whole = Whole::One(Bytes::new());
        while let Some(chunk) = chunks.next().await.transpose().map_err(broken)? {
            let refusal = if whole.len() + chunk.len() > self.bytes {
                Some(too_large(self.bytes))
            } else {
                (!room.grow(chunk.len())).then(|| busy(app))
            };
            if let Some(refusal) = refusal {
                drop((whole, room));
                self.discard(chunks).await;
                return Err(refusal);
            }
            whole = whole.with(chunk, expected);
        }
        Ok((whole.freeze(), room))
    }

    async fn discard(self, mut chunks: BodyDataStream) {
        let mut left = self.discarded;
        while let Some(Ok(chunk)) = chunks.next().await {
            match left.checked_sub(chunk.len()) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    }
}

/// What has come of a body. Most come in one piece, which is not copied.
enum Whole {
    One(Bytes),
    Many(BytesMut),
}

impl Whole {
    fn len(&self) -> usize {
        match self {
            Self::One(bytes) => bytes.len(),
            Self::Many(bytes) => bytes.len(),
        }
    }

    /// With one more piece; `expected` bytes are to come in all, as far as is known.
    fn with(self, chunk: Bytes, expected: usize) -> Self {
        let mut many = match self {
            Self::One(one) if one.is_empty() => return Self::One(chunk),
            Self::One(one) => {
                let mut many = BytesMut::with_capacity(expected.max(one.len() + chunk.len()));
                many.extend_from_slice(&one);
                many
            }
            Self::Many(many) => many,
        };
        many.extend_from_slice(&chunk);
        Self::Many(many)
    }

    fn freeze(self) -> Bytes {
        match self {
            Self::One(bytes) => bytes,
            Self::Many(bytes) => bytes.freeze(),
        }
    }
}

fn busy(app: &App) -> Problem {
    app.engine().bound_met("request_bodies");
    let detail = "the requests that are being carried out, yours or all together, leave no room for this body";
    Problem::new(Code::Busy, detail).retry_after(BUSY_RETRY_S)
}

fn too_large(max: usize) -> Problem {
    let detail = format!("the body has more than {max} bytes, the most this route takes");
    Problem::new(Code::TooLarge, detail)
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut keys = headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let bytes = key.as_bytes();
    let sound = (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&bytes.len())
        && bytes.iter().all(u8::is_ascii_graphic)
        && keys.next().is_none();
    if !sound {
        let detail = format!(
            "`Idempotency-Key` must be one value of 1 to {IDEMPOTENCY_KEY_CHARS_MAX} visible ASCII \
             characters, such as a UUID"
        );
        return Err(Problem::new(Code::InvalidIdempotencyKey, detail).at("Idempotency-Key"));
    }
    Ok(Some(String::from_utf8_lossy(bytes).into_owned()))
}
