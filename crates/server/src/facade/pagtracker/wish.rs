//! A charge as a program asks for it. Amounts are reais, as the guide prints them, and read from their text.

use jiff::SignedDuration;
use posthorn_core::json::{self, Json, Style};
use posthorn_core::money::{Asset, BadAmount, Money, Units};
use posthorn_core::payment::{BadSplit, Customer, LEGS_MAX, Method, NewLeg, Share, Split, Wish};
use posthorn_engine::PaymentDraft;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::{Code, Fault};

/// The most bytes of `metadata`.
const METADATA_BYTES_MAX: usize = 16 * 1024;
/// The most bytes of a text that people read.
const TEXT_BYTES_MAX: usize = 1024;
/// The longest time that a charge may be paid in.
const EXPIRES_S_MAX: i64 = 365 * 24 * 3600;

#[derive(Deserialize)]
pub(super) struct ChargeIn<'a> {
    #[serde(borrow)]
    valor: Option<&'a RawValue>,
    descricao: Option<String>,
    cliente: Option<CustomerIn>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    expira_em: Option<i64>,
    checkout_id: Option<String>,
    #[serde(borrow)]
    splits: Option<Vec<LegIn<'a>>>,
}

/// Who pays.
#[derive(Deserialize)]
pub(super) struct CustomerIn {
    nome: Option<String>,
    email: Option<String>,
    documento: Option<String>,
    telefone: Option<String>,
}

#[derive(Deserialize)]
struct LegIn<'a> {
    nome: Option<String>,
    chave_pix: Option<String>,
    tipo: Option<String>,
    #[serde(borrow)]
    valor: Option<&'a RawValue>,
}

/// What a charge needs to know of its merchant's contract, and of the checkout that it pays.
pub(super) struct Terms<P, E> {
    /// What is agreed in the checkout.
    pub(super) agreed: posthorn_engine::Terms,
    /// The provider that takes PIX.
    pub(super) provider: P,
    /// Until when it may be paid, by how long is wished.
    pub(super) expires: E,
}

impl ChargeIn<'_> {
    /// The checkout that it pays.
    pub(super) fn checkout(&self) -> Option<&str> {
        self.checkout_id.as_deref()
    }

    /// What the engine is asked for.
    pub(super) fn draft<P, E>(self, terms: Terms<P, E>) -> Result<PaymentDraft, Fault>
    where
        P: FnOnce(&str, Asset) -> Option<String>,
        E: FnOnce(Option<SignedDuration>) -> Option<jiff::Timestamp>,
    {
        let agreed = terms.agreed;
        let money = match (self.valor, agreed.money) {
            (None, Some(agreed)) => agreed,
            (given, agreed) => {
                let money = reais(given, "valor")?;
                if agreed.is_some_and(|agreed| agreed != money) {
                    return Err(Fault::unfit("valor", "não é o valor do checkout; omita-o"));
                }
                money
            }
        };
        let method = Method::Pix;
        let provider = (terms.provider)(method.name(), money.asset);
        let provider = provider.ok_or_else(|| {
            Fault::new(Code::NoLiveProvider, "nenhum provedor configurado para PIX")
        })?;
        let legs = legs(money.minor, self.splits.unwrap_or_default())?;
        let wish = Wish {
            method,
            provider,
            hold: false,
            fee: 0,
            reference: None,
            description: text("descricao", self.descricao)?.or(agreed.description),
            customer: self.cliente.map(customer).transpose()?.or(agreed.customer),
            metadata: match (self.metadata, agreed.metadata) {
                (None, Some(agreed)) => agreed,
                (given, _) => metadata(given)?,
            },
            callback: None,
            expires: (terms.expires)(expires(self.expira_em)?),
            installments: 1,
            checkout: agreed.checkout,
            sale: agreed.sale,
        };
        Ok(PaymentDraft { money, wish, legs, card: None })
    }
}

/// An amount in reais.
pub(super) fn reais(given: Option<&RawValue>, field: &str) -> Result<Money, Fault> {
    let given = given.ok_or_else(|| missing(field))?;
    Money::parse(given.get(), Asset::BRL, Units::Major).map_err(|bad| match bad {
        BadAmount::Malformed => {
            Fault::unfit(field, "deve ser um número em reais, como 100.50, e não um texto")
        }
        BadAmount::NotPositive => Fault::unfit(field, "deve ser maior que zero"),
        BadAmount::TooFine { .. } | BadAmount::Fraction => {
            Fault::unfit(field, "tem no máximo duas casas decimais")
        }
        BadAmount::TooLarge => Fault::unfit(field, "é grande demais"),
    })
}

fn missing(field: &str) -> Fault {
    Fault::new(Code::InvalidRequest, format!("`{field}` é obrigatório")).at(field)
}

pub(super) fn text(field: &str, given: Option<String>) -> Result<Option<String>, Fault> {
    match given {
        Some(text) if text.len() > TEXT_BYTES_MAX => {
            Err(Fault::unfit(field, format!("tem no máximo {TEXT_BYTES_MAX} bytes")))
        }
        given => Ok(given.filter(|text| !text.is_empty())),
    }
}

pub(super) fn customer(given: CustomerIn) -> Result<Customer, Fault> {
    Ok(Customer {
        id: None,
        name: text("cliente.nome", given.nome)?,
        email: text("cliente.email", given.email)?,
        phone: text("cliente.telefone", given.telefone)?,
        document: text("cliente.documento", given.documento)?,
    })
}

pub(super) fn expires(seconds: Option<i64>) -> Result<Option<SignedDuration>, Fault> {
    match seconds {
        Some(seconds) if !(1..=EXPIRES_S_MAX).contains(&seconds) => {
            Err(Fault::unfit("expira_em", format!("deve ser de 1 a {EXPIRES_S_MAX} segundos")))
        }
        seconds => Ok(seconds.map(SignedDuration::from_secs)),
    }
}

/// Keys that look like numbers come first, as in JavaScript, so that the guide's sample verifies what it parses and prints.
pub(super) fn metadata(given: Option<&RawValue>) -> Result<String, Fault> {
    let given = given.map_or("{}", RawValue::get);
    if given.len() > METADATA_BYTES_MAX {
        return Err(Fault::unfit("metadata", "tem no máximo 16 KiB"));
    }
    match json::parse(given.as_bytes()) {
        Ok(Json::Null) => Ok("{}".to_owned()),
        Ok(object @ Json::Object(_)) => {
            Ok(String::from_utf8(object.to_vec(Style::Js)).unwrap_or_default())
        }
        Ok(Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_)) | Err(_) => {
            Err(Fault::unfit("metadata", "deve ser um objeto JSON"))
        }
    }
}

fn legs(whole: i64, given: Vec<LegIn<'_>>) -> Result<Vec<NewLeg>, Fault> {
    if given.is_empty() {
        return Ok(Vec::new());
    }
    let legs = given.into_iter().enumerate().map(|(at, given)| leg(at, given));
    let legs = legs.collect::<Result<Vec<_>, _>>()?;
    Split::new(whole, legs.clone()).map_err(|bad| {
        let what = match bad {
            BadSplit::Count => format!("deve ter de 1 a {LEGS_MAX} destinatários"),
            BadSplit::TooMuch { .. } => "somam mais que o valor da cobrança".to_owned(),
            BadSplit::Share | BadSplit::Remainder => {
                "têm uma parte de menos de um centavo, ou de mais de 100%".to_owned()
            }
        };
        Fault::unfit("splits", what)
    })?;
    Ok(legs)
}

fn leg(at: usize, given: LegIn<'_>) -> Result<NewLeg, Fault> {
    let field = |name: &str| format!("splits[{at}].{name}");
    let needed = |name: &str, given: Option<String>| {
        text(&field(name), given)?.ok_or_else(|| missing(&field(name)))
    };
    let (name, to) = (needed("nome", given.nome)?, needed("chave_pix", given.chave_pix)?);
    // A percentage has two decimals as reais do: hundredths either way.
    let hundredths = reais(given.valor, &field("valor"))?.minor;
    let share = match given.tipo.as_deref() {
        Some("fixo") => Share::Fixed(hundredths),
        Some("percentual") => Share::Parts(hundredths),
        Some(_) => return Err(Fault::unfit(&field("tipo"), "deve ser `fixo` ou `percentual`")),
        None => return Err(missing(&field("tipo"))),
    };
    Ok(NewLeg { name, to, share })
}
