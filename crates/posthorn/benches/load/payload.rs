//! The 500 bytes of data that every event carries: which round and event it is, when it was sent, and filling that does
//! not compress.

/// The length of an event's data.
pub(crate) const DATA_BYTES: usize = 500;

/// What a piece of data says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Which measurement it belongs to.
    pub(crate) round: u64,
    /// Which event of that measurement, from 0.
    pub(crate) seq: u64,
    /// When it was meant to be sent, on the bench's own clock.
    pub(crate) at_ns: u64,
}

const MARK: &[u8] = br#""round":"#;

impl Stamp {
    /// Appends a JSON object of exactly [`DATA_BYTES`] bytes.
    pub(crate) fn write(self, filling: &Filling, out: &mut Vec<u8>) {
        let Self { round, seq, at_ns } = self;
        let head = format!(r#"{{"round":{round},"seq":{seq},"at":{at_ns},"filling":""#);
        let filling = filling.of(seq, DATA_BYTES - head.len() - 2);
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(filling);
        out.extend_from_slice(b"\"}");
    }

    /// Finds the stamp in a body, whatever envelope is around it.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let at = body.windows(MARK.len()).position(|window| window == MARK)?;
        let rest = body.get(at + MARK.len()..)?;
        let (round, rest) = number(rest)?;
        let (seq, rest) = number(rest.strip_prefix(br#","seq":"#)?)?;
        let (at_ns, _) = number(rest.strip_prefix(br#","at":"#)?)?;
        Some(Self { round, seq, at_ns })
    }
}

fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(digits);
    let number = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((number, rest))
}

/// Letters without a pattern, of which every event takes another piece.
pub(crate) struct Filling(Vec<u8>);

const FILLING_BYTES: usize = 1 << 16;

impl Filling {
    /// The same letters in every run.
    pub(crate) fn new() -> Self {
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        let mut letter = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let [byte, ..] = state.to_le_bytes();
            b'a' + byte % 26
        };
        Self((0..FILLING_BYTES).map(|_| letter()).collect())
    }

    fn of(&self, seq: u64, bytes: usize) -> &[u8] {
        let from = usize::try_from(seq % 60_000).expect("below 60,000");
        self.0.get(from..from + bytes).expect("60,000 and 500 are within the filling")
    }
}
