//! What payers and merchants type that a rail must read: PIX codes, boletos, telephones, cards, and notes that hide one.

use jiff::civil::date;
use posthorn_rails::boleto::Boleto;
use posthorn_rails::brcode::BrCode;
use posthorn_rails::cards::{Brand, Expiry, Pan, has_card_number};
use posthorn_rails::mpesa::Msisdn;

use crate::line;

/// The first line is read as each of them: what is read is printed and read as the same, and check digits are what plain
/// arithmetic says.
pub(crate) fn rails(bytes: &[u8]) {
    let text = line(bytes).0;
    code(text);
    boleto(text);
    if let Ok(phone) = Msisdn::parse(text) {
        let digits = phone.as_str();
        assert!(digits.len() == 12 && digits.starts_with("254"), "{text}");
        assert!(Msisdn::parse(digits).is_ok_and(|again| again.as_str() == digits), "{text}");
    }
    if let Ok(expiry) = Expiry::parse(text) {
        let printed = format!("{:02}/{:04}", expiry.month(), expiry.year());
        assert!(Expiry::parse(&printed).is_ok_and(|again| again == expiry), "{text}");
    }
    card(text);
}

fn code(text: &str) {
    let Ok(code) = BrCode::parse(text) else { return };
    let (body, crc) = text.split_at(text.len() - 4);
    assert_eq!(format!("{:04X}", crc16(body)), crc.to_ascii_uppercase(), "{text}");
    assert_eq!(BrCode::parse(&code.print()).as_ref(), Ok(&code), "{text}");
}

/// CRC-16/CCITT-FALSE, bit by bit.
fn crc16(text: &str) -> u16 {
    text.bytes().fold(0xFFFF, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

fn boleto(text: &str) {
    let near = date(2026, 11, 23);
    let found = [Boleto::from_line(text, near), Boleto::from_barcode(text, near)];
    for boleto in found.into_iter().flatten() {
        let barcode = boleto.barcode();
        assert_eq!(barcode.len(), 44, "{text}");
        for again in [Boleto::from_barcode(&barcode, near), Boleto::from_line(&boleto.line(), near)]
        {
            assert!(again.is_ok_and(|again| again.barcode() == barcode), "{text}");
        }
    }
}

/// A card's number is found in a note as it stands.
fn card(text: &str) {
    let found = has_card_number(text);
    let Ok(pan) = Pan::parse(text) else { return };
    let digits: Vec<u32> =
        pan.expose().chars().rev().filter_map(|digit| digit.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .enumerate()
        .map(|(at, digit)| match at % 2 {
            0 => *digit,
            _ => [0, 2, 4, 6, 8, 1, 3, 5, 7, 9].get(*digit as usize).copied().unwrap_or_default(),
        })
        .sum();
    assert_eq!(sum % 10, 0, "{text}");
    let whole = text.bytes().all(|byte| byte.is_ascii_digit());
    // Each brand has numbers of sixteen digits but American Express, whose have fifteen, and JCB, whose older ones do.
    let usual = match pan.brand() {
        Brand::Unknown => None,
        Brand::Amex => Some(15),
        Brand::Jcb if !text.starts_with('3') => Some(15),
        Brand::Visa
        | Brand::Mastercard
        | Brand::Elo
        | Brand::Hipercard
        | Brand::Discover
        | Brand::Diners
        | Brand::Jcb => Some(16),
    };
    if whole && usual == Some(text.len()) {
        assert!(found, "{text}");
    }
    if whole && usual.is_none() {
        assert!(!found, "{text}");
    }
}
