//! Addresses on the XRP Ledger, read by `xrpl-py`.

use data_encoding::HEXLOWER;
use posthorn_rails::xrpl::{AccountId, Network, Tag, XAddress};
use proptest::prelude::*;

use crate::reader::{INSTRUMENTS, read, refused, samples, tampered};

const READER: &str = "python/xrpl_address.py";

fn accounts() -> Vec<AccountId> {
    samples(&any::<[u8; 20]>().prop_map(AccountId), INSTRUMENTS)
}

fn x_addresses() -> Vec<XAddress> {
    let tag = prop_oneof![Just(None), Just(Some(0)), Just(Some(u32::MAX)), any::<Option<u32>>()];
    let parts = (any::<[u8; 20]>(), any::<bool>(), tag);
    let address = parts.prop_map(|(account, live, tag)| XAddress {
        network: if live { Network::Main } else { Network::Test },
        account: AccountId(account),
        tag: tag.map(Tag),
    });
    samples(&address, INSTRUMENTS)
}

#[test]
fn every_classic_address_is_the_account_that_was_given() {
    let accounts = accounts();
    let texts: Vec<String> = accounts.iter().map(AccountId::to_string).collect();
    for (account, answer) in accounts.iter().zip(read(READER, &texts)) {
        assert_eq!(answer["account"], HEXLOWER.encode(&account.0), "{account}: {answer}");
    }
}

#[test]
fn every_x_address_tells_account_network_and_tag() {
    let addresses = x_addresses();
    let texts: Vec<String> = addresses.iter().map(XAddress::to_string).collect();
    for (address, answer) in addresses.iter().zip(read(READER, &texts)) {
        assert_eq!(answer["classic"], address.account.to_string(), "{address}: {answer}");
        assert_eq!(answer["test"], address.network == Network::Test);
        assert_eq!(answer["tag"].as_u64(), address.tag.map(|tag| tag.0.into()));
    }
}

#[test]
fn a_changed_character_is_refused_by_it_and_by_us() {
    let texts = accounts().into_iter().map(|account| account.to_string());
    let texts = texts.chain(x_addresses().into_iter().map(|address| address.to_string()));
    let change = |(number, text): (usize, String)| tampered(&text, 1 + number % (text.len() - 1));
    let changed: Vec<String> = texts.enumerate().map(change).collect();
    for (text, answer) in changed.iter().zip(read(READER, &changed)) {
        assert!(refused(&answer), "{text}");
        assert!(text.parse::<AccountId>().is_err() && text.parse::<XAddress>().is_err(), "{text}");
    }
}
