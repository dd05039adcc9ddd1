//! Addresses: base 58 in the ledger's alphabet, the last four bytes a checksum.

use std::fmt;
use std::str::FromStr;

use bs58::Alphabet;
use sha2::{Digest as _, Sha256};

use super::Tag;

const ACCOUNT_BYTES: usize = 20;
const CHECKSUM_BYTES: usize = 4;
/// Longer than any address of either kind; what is longer is not decoded.
const TEXT_BYTES_MAX: usize = 64;
const ACCOUNT_PREFIX: u8 = 0;

/// An account: the 20 bytes that a classic address (`r…`) stands for. Printed as that address.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountId(pub [u8; ACCOUNT_BYTES]);

/// Which ledger an X-address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// The live one: `X…`.
    Main,
    /// A test network: `T…`.
    Test,
}

/// An account on a network, with a tag or without, in one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct XAddress {
    /// The network.
    pub network: Network,
    /// The account.
    pub account: AccountId,
    /// The tag; none is not 0.
    pub tag: Option<Tag>,
}

/// Why a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// A character that the alphabet lacks (0, O, I and l), or far too many.
    #[error("an XRPL address is base 58, in the ledger's alphabet")]
    NotBase58,
    /// Mistyped.
    #[error("the address does not match its checksum")]
    Checksum,
    /// Right in itself, but a seed, a key, or an address of the other kind.
    #[error("this is not the kind of XRPL address that is wanted")]
    Kind,
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut payload = vec![ACCOUNT_PREFIX];
        payload.extend(self.0);
        f.write_str(&print(payload))
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for AccountId {
    type Err = BadAddress;

    /// Reads a classic address.
    fn from_str(text: &str) -> Result<Self, BadAddress> {
        match read(text)?.split_first() {
            Some((&ACCOUNT_PREFIX, account)) => {
                account.try_into().map(Self).map_err(|_length| BadAddress::Kind)
            }
            Some(_) | None => Err(BadAddress::Kind),
        }
    }
}

impl Network {
    const fn prefix(self) -> [u8; 2] {
        match self {
            Self::Main => [0x05, 0x44],
            Self::Test => [0x04, 0x93],
        }
    }
}

/// Prefix, account, a byte that says whether there is a tag, and the tag as a little-endian u64.
impl fmt::Display for XAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut payload = self.network.prefix().to_vec();
        payload.extend(self.account.0);
        payload.push(u8::from(self.tag.is_some()));
        payload.extend(u64::from(self.tag.map_or(0, |tag| tag.0)).to_le_bytes());
        f.write_str(&print(payload))
    }
}

impl FromStr for XAddress {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let payload = read(text)?;
        let (prefix, rest) = payload.split_first_chunk().ok_or(BadAddress::Kind)?;
        let networks = [Network::Main, Network::Test];
        let network = networks.into_iter().find(|network| network.prefix() == *prefix);
        let (account, rest) = rest.split_first_chunk().ok_or(BadAddress::Kind)?;
        let (flag, tag) = rest.split_first().ok_or(BadAddress::Kind)?;
        let tag = u64::from_le_bytes(tag.try_into().map_err(|_length| BadAddress::Kind)?);
        let tag = u32::try_from(tag).map_err(|_over_32_bits| BadAddress::Kind)?;
        let tag = match (flag, tag) {
            (0, 0) => None,
            (1, tag) => Some(Tag(tag)),
            _ => return Err(BadAddress::Kind),
        };
        Ok(Self { network: network.ok_or(BadAddress::Kind)?, account: AccountId(*account), tag })
    }
}

fn checksum(payload: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let twice: [u8; 32] = Sha256::digest(Sha256::digest(payload)).into();
    twice.first_chunk().copied().expect("a hash is longer")
}

fn print(mut payload: Vec<u8>) -> String {
    let check = checksum(&payload);
    payload.extend(check);
    bs58::encode(payload).with_alphabet(Alphabet::RIPPLE).into_string()
}

/// The payload beneath an address, whose checksum is right.
fn read(text: &str) -> Result<Vec<u8>, BadAddress> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(BadAddress::NotBase58);
    }
    let decoded = bs58::decode(text).with_alphabet(Alphabet::RIPPLE).into_vec();
    let mut payload = decoded.map_err(|_foreign| BadAddress::NotBase58)?;
    let cut = payload.len().checked_sub(CHECKSUM_BYTES).ok_or(BadAddress::Checksum)?;
    let stated = payload.split_off(cut);
    if stated == checksum(&payload) { Ok(payload) } else { Err(BadAddress::Checksum) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GENESIS: &str = "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh";

    #[test]
    fn a_known_address_is_read_and_printed() {
        let account: AccountId = GENESIS.parse().unwrap();
        assert_eq!(account.to_string(), GENESIS);
        assert_eq!(AccountId([0; 20]).to_string(), "rrrrrrrrrrrrrrrrrrrrrhoLvTp");
    }

    #[test]
    fn a_mistyped_address_and_a_placeholder_are_refused() {
        let read = |text: &str| text.parse::<AccountId>().unwrap_err();
        assert_eq!(read("rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTi"), BadAddress::Checksum);
        assert_eq!(read("rTest123..."), BadAddress::NotBase58);
        assert_eq!(read("rTest123"), BadAddress::Checksum);
        assert_eq!(read(""), BadAddress::Checksum);
        assert_eq!(read(&"r".repeat(65)), BadAddress::NotBase58);
    }

    #[test]
    fn an_x_address_tells_the_network_and_the_tag() {
        let account: AccountId = GENESIS.parse().unwrap();
        let with = |network| XAddress { network, account, tag: Some(Tag(123_456)) };
        let (main, test) = (
            "XVPcpSm47b1CZkf5AkKM9a84dQHe3m7aPUcAcMLHdVu92UK",
            "TVK3SYvMLZR6rEtLDZh3saYHaqFSeM33L42PvpZFNstQDgt",
        );
        assert_eq!(with(Network::Main).to_string(), main);
        assert_eq!(with(Network::Test).to_string(), test);
        assert_eq!(main.parse(), Ok(with(Network::Main)));
        assert_eq!(test.parse(), Ok(with(Network::Test)));
        assert_eq!(main.parse::<AccountId>(), Err(BadAddress::Kind));
        assert_eq!(GENESIS.parse::<XAddress>(), Err(BadAddress::Kind));
    }

    #[test]
    fn no_tag_and_tag_zero_are_two_addresses() {
        let account = AccountId([7; 20]);
        let with = |tag| XAddress { network: Network::Main, account, tag }.to_string();
        assert_ne!(with(None), with(Some(Tag(0))));
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_again(bytes: [u8; 20], tag: Option<u32>, live: bool) {
            let account = AccountId(bytes);
            prop_assert_eq!(account.to_string().parse(), Ok(account));
            let network = if live { Network::Main } else { Network::Test };
            let address = XAddress { network, account, tag: tag.map(Tag) };
            prop_assert_eq!(address.to_string().parse(), Ok(address));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,70}", near in "[rXT][1-9a-zA-Z]{20,60}") {
            for text in [text, near] {
                if let Ok(account) = text.parse::<AccountId>() {
                    prop_assert_eq!(account.to_string(), text);
                }
            }
        }
    }
}
