//! What the page for payers says, in Portuguese and in English.

use posthorn_core::money::{Asset, Money, Units};
use posthorn_core::payment::State;

/// What the page of a checkout says.
pub(in crate::facade) struct CheckoutWords {
    pub(in crate::facade) name: &'static str,
    pub(in crate::facade) email: &'static str,
    pub(in crate::facade) phone: &'static str,
    pub(in crate::facade) pay: &'static str,
    pub(in crate::facade) go_on: &'static str,
    pub(in crate::facade) paid: &'static str,
    pub(in crate::facade) over: &'static str,
    pub(in crate::facade) elsewhere: &'static str,
    pub(in crate::facade) unfit: &'static str,
    pub(in crate::facade) missing: &'static str,
}

/// One language.
pub(in crate::facade) struct Words {
    pub(super) language: &'static str,
    pub(super) title: &'static str,
    pub(super) scan: &'static str,
    pub(super) copy: &'static str,
    pub(super) scan_wallet: &'static str,
    pub(super) address: &'static str,
    pub(super) tag: &'static str,
    pub(super) tag_needed: &'static str,
    pub(super) reference: &'static str,
    pub(super) missing: &'static str,
    pub(super) not_now: &'static str,
    pub(in crate::facade) checkout: CheckoutWords,
    open: &'static str,
    paid: &'static str,
    returned: &'static str,
    expired: &'static str,
    canceled: &'static str,
    failed: &'static str,
}

const PORTUGUESE: Words = Words {
    language: "pt-BR",
    title: "Pagamento",
    scan: "Leia o QR code com o aplicativo do seu banco",
    copy: "Ou copie o código e cole no aplicativo",
    scan_wallet: "Leia o QR code com a sua carteira",
    address: "Endereço",
    tag: "Tag de destino",
    tag_needed: "Envie o valor exato com a tag de destino: sem ela não se sabe de quem é o pagamento",
    reference: "Referência: escreva-a na transferência",
    missing: "Esta cobrança não existe",
    not_now: "Não foi possível agora. Tente de novo em instantes",
    checkout: CheckoutWords {
        name: "Nome",
        email: "E-mail",
        phone: "Telefone",
        pay: "Pagar com PIX",
        go_on: "Continuar o pagamento",
        paid: "Pago",
        over: "Este checkout não pode mais ser pago",
        elsewhere: "Este checkout não pode ser pago nesta página",
        unfit: "Não foi possível aceitar estes dados. Volte e confira nome, e-mail e telefone",
        missing: "Este checkout não existe",
    },
    open: "Aguardando pagamento",
    paid: "Pago",
    returned: "Reembolsado",
    expired: "Expirado: esta cobrança não pode mais ser paga",
    canceled: "Cancelado: esta cobrança não pode mais ser paga",
    failed: "Não foi possível fazer este pagamento",
};

const ENGLISH: Words = Words {
    language: "en",
    title: "Payment",
    scan: "Scan the QR code with your bank's app",
    copy: "Or copy the code and paste it into the app",
    scan_wallet: "Scan the QR code with your wallet",
    address: "Address",
    tag: "Destination tag",
    tag_needed: "Send the exact amount with the destination tag: without it nobody knows whose payment it is",
    reference: "Reference: write it into the transfer",
    missing: "There is no such payment",
    not_now: "This cannot be done right now. Please try again in a moment",
    checkout: CheckoutWords {
        name: "Name",
        email: "E-mail",
        phone: "Telephone",
        pay: "Pay by PIX",
        go_on: "Continue the payment",
        paid: "Paid",
        over: "This checkout can no longer be paid",
        elsewhere: "This checkout cannot be paid on this page",
        unfit: "This could not be accepted. Please go back and check name, e-mail and telephone",
        missing: "There is no such checkout",
    },
    open: "Waiting for payment",
    paid: "Paid",
    returned: "Refunded",
    expired: "Expired: this can no longer be paid",
    canceled: "Canceled: this can no longer be paid",
    failed: "This payment could not be made",
};

impl Words {
    /// The language that `Accept-Language` likes best of the two (RFC 9110, section 12.5.4); else the one that is usual here.
    pub(in crate::facade) fn choose(asked: Option<&str>, usual: &str) -> &'static Self {
        let mut best: Option<(&'static Self, u16)> = None;
        for range in asked.unwrap_or_default().split(',') {
            let (tag, quality) = range.split_once(';').unwrap_or((range, ""));
            let Some(words) = Self::of(tag.trim()) else { continue };
            let weight = thousandths(quality.trim());
            if weight > best.map_or(0, |(_, weight)| weight) {
                best = Some((words, weight));
            }
        }
        best.map(|(words, _)| words).or_else(|| Self::of(usual)).unwrap_or(&ENGLISH)
    }

    fn of(tag: &str) -> Option<&'static Self> {
        let primary = tag.split('-').next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "pt" => Some(&PORTUGUESE),
            "en" => Some(&ENGLISH),
            _ => None,
        }
    }

    pub(in crate::facade) fn amount(&self, money: Money) -> String {
        let printed = money.print(Units::Major);
        if self.language == "en" {
            return format!("{} {printed}", money.asset.code());
        }
        let sign = if money.asset == Asset::BRL { "R$" } else { money.asset.code() };
        format!("{sign} {}", printed.replace('.', ","))
    }

    pub(super) fn state(&self, state: State) -> &'static str {
        match state {
            State::Created
            | State::Pending
            | State::RequiresAction
            | State::Processing
            | State::Authorized => self.open,
            State::Succeeded | State::Disputed => self.paid,
            State::PartiallyRefunded | State::Refunded | State::ChargedBack => self.returned,
            State::Expired => self.expired,
            State::Canceled => self.canceled,
            State::Failed => self.failed,
        }
    }
}

/// `q=0.8` as 800; a range without one counts whole.
fn thousandths(quality: &str) -> u16 {
    let Some(text) = quality.strip_prefix("q=") else { return 1000 };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{fraction:0<3}");
    let fraction = digits.get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    if whole == "1" { 1000 } else { fraction }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_the_language_it_likes_best_and_else_the_platforms() {
        let language = |asked: &str, usual| Words::choose(Some(asked), usual).language;
        assert_eq!(language("en-US,en;q=0.9,pt;q=0.8", "pt-BR"), "en");
        assert_eq!(language("de, pt-PT;q=0.7, en;q=0.3", "en"), "pt-BR");
        assert_eq!(language("en;q=0, fr", "pt-BR"), "pt-BR");
        assert_eq!(language("fr", "en"), "en");
        assert_eq!(Words::choose(None, "pt-BR").language, "pt-BR");
    }
}
