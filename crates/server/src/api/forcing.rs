//! What a sandbox's providers are made to do: something to one payment, or badly to all.

use axum::extract::State;
use posthorn_engine::{ForcedOutcome, RailMood};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::payment_in::unfit;
use super::payment_out::PaymentOut;
use super::payments::{id_of, shown};
use crate::answer::{Answer, Answered};
use crate::app::App;
use crate::auth::AsMerchant;
use crate::body::Sent;
use crate::params::Id;
use crate::problem::{Code, Problem};

/// The code of a failure that names none.
const CODE_DEFAULT: &str = "declined";

/// What is to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum ForceName {
    /// The payer pays. XRP is seen first, and counts at the second time.
    Succeed,
    /// It is refused, for `code`.
    Fail,
    /// The payer calls it off.
    Cancel,
    /// Nobody paid in time.
    Expire,
    /// The payer's bank asks for the money.
    Dispute,
    /// A dispute is decided for you.
    DisputeWon,
    /// A dispute is decided for the payer.
    DisputeLost,
    /// Less comes than was asked for: `minor`.
    PayPartly,
    /// The payer pays twice.
    PayTwice,
    /// The provider looks at it, until something else happens.
    Process,
    /// The card's holder must confirm first.
    RequireAction,
}

/// What is to happen to a payment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ForceIn {
    /// What.
    outcome: ForceName,
    /// For `fail`, why: small letters and underscores; `declined` when left out.
    #[schema(example = "insufficient_funds")]
    code: Option<String>,
    /// For `pay_partly`, how much comes, in minor units.
    #[schema(minimum = 1)]
    minor: Option<i64>,
}

impl TryFrom<ForceIn> for ForcedOutcome {
    type Error = Problem;

    fn try_from(wire: ForceIn) -> Result<Self, Problem> {
        let ForceIn { outcome, code, minor } = wire;
        if code.is_some() && outcome != ForceName::Fail {
            return Err(unfit("code", "goes with the outcome `fail` alone"));
        }
        if minor.is_some() && outcome != ForceName::PayPartly {
            return Err(unfit("minor", "goes with the outcome `pay_partly` alone"));
        }
        Ok(match outcome {
            ForceName::Succeed => Self::Succeed,
            ForceName::Fail => Self::Fail { code: code.unwrap_or_else(|| CODE_DEFAULT.to_owned()) },
            ForceName::Cancel => Self::Cancel,
            ForceName::Expire => Self::Expire,
            ForceName::Dispute => Self::Dispute,
            ForceName::DisputeWon => Self::DisputeWon,
            ForceName::DisputeLost => Self::DisputeLost,
            ForceName::PayTwice => Self::PayTwice,
            ForceName::Process => Self::Process,
            ForceName::RequireAction => Self::RequireAction,
            ForceName::PayPartly => {
                let missing = || Problem::new(Code::MissingField, "`minor` is missing").at("minor");
                Self::PayPartly { minor: minor.ok_or_else(missing)? }
            }
        })
    }
}

/// How a simulated provider behaves.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum MoodName {
    /// As it should.
    Well,
    /// It does what it is asked, and its answers are lost: each request is asked about later.
    LosesAnswers,
    /// It cannot be reached: nothing that is asked arrives.
    Down,
}

impl From<MoodName> for RailMood {
    fn from(name: MoodName) -> Self {
        match name {
            MoodName::Well => Self::Well,
            MoodName::LosesAnswers => Self::LosesAnswers,
            MoodName::Down => Self::Down,
        }
    }
}

/// How a provider is to behave.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MoodIn {
    /// How.
    mood: MoodName,
}

/// A provider, and how it behaves.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RailMood)]
pub(super) struct MoodOut {
    /// The provider, in the contract's own word.
    provider: String,
    /// How it behaves.
    mood: MoodName,
}

/// Make something happen to a test payment at its simulated provider.
///
/// What cannot happen where it stands is refused, with the reason, and nothing has changed.
#[utoipa::path(post, path = "/v1/payments/{id}/force", tag = "payments", request_body = ForceIn,
    params(("id" = String, Path, description = "The payment")),
    responses((status = 200, description = "The payment as it is now", body = PaymentOut)))]
pub(super) async fn force_payment(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(id): Id<String>,
    sent: Sent,
) -> Answered<PaymentOut> {
    let wire: ForceIn = sent.decode()?;
    let id = id_of(&app, &merchant, &id)?;
    let payment = app.engine().force_payment(merchant.place(), id, wire.try_into()?).await?;
    Ok(Answer::ok(shown(&app, payment)))
}

/// Set how one of your simulated providers behaves.
///
/// On this server alone, and until it stops.
#[utoipa::path(put, path = "/v1/sandbox/rails/{name}", tag = "sandbox", request_body = MoodIn,
    params(("name" = String, Path, description = "The provider, in the contract's own word")),
    responses((status = 200, description = "It behaves so", body = MoodOut)))]
pub(super) async fn set_rail_mood(
    State(app): State<App>,
    merchant: AsMerchant,
    Id(provider): Id<String>,
    sent: Sent,
) -> Answered<MoodOut> {
    let MoodIn { mood } = sent.decode()?;
    app.engine().set_rail_mood(merchant.place(), &provider, mood.into())?;
    Ok(Answer::ok(MoodOut { provider, mood }))
}
