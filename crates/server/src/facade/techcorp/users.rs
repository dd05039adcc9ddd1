//! Users: `/v1/users`. The guide names their events alone; this is what is published here: `id`, `email` (one user each, in
//! whatever case), `name`, `created_at`, `updated_at`; told by `user.created` and `user.updated`.

use posthorn_core::contract::Kind;
use posthorn_core::id::UserId;
use posthorn_core::shop::User;
use posthorn_engine::EngineError;
use serde::{Deserialize, Serialize};

use super::kept::{By, Kept, Place, Wanted, same_id};
use crate::api::unfit;
use crate::app::App;
use crate::problem::Problem;
use crate::time::Timestamp;

/// The most bytes of an address (RFC 5321, section 4.5.3.1.3).
const EMAIL_BYTES_MAX: usize = 254;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserIn {
    email: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserChangeIn {
    id: Option<String>,
    email: Option<String>,
    name: Option<String>,
}

#[derive(Serialize)]
pub(super) struct UserOut {
    id: String,
    email: String,
    name: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Kept for User {
    const KIND: Kind = Kind::User;
    const MANY: &'static str = "users";
    const PATHS: &'static [&'static str] = &["/v1/users"];
    type Made<'a> = UserIn;
    type Changed<'a> = UserChangeIn;
    type Out = UserOut;
    type Filter = ();

    async fn make(by: By<'_>, UserIn { email, name }: UserIn) -> Result<(Self, bool), Problem> {
        address(&email)?;
        let make = move |id, entry| Self { id: UserId::from_i64(id), entry, email, name };
        let (caller, place) = (by.merchant.caller, by.merchant.place());
        Ok(by.app.engine().keep(caller, place, make, by.key).await?)
    }

    async fn alter(by: By<'_>, id: &str, changed: UserChangeIn) -> Result<Self, Problem> {
        same_id(id, changed.id.as_deref())?;
        let UserChangeIn { email, name, .. } = changed;
        if let Some(email) = &email {
            address(email)?;
        }
        let change = move |user: &mut Self| {
            user.email = email.clone().unwrap_or_else(|| user.email.clone());
            user.name = name.clone().unwrap_or_else(|| user.name.clone());
        };
        let about = (by.merchant.place(), by.number::<Self>(id)?);
        Ok(by.app.engine().change_kept(by.merchant.caller, about, change, by.key).await?)
    }

    async fn find(app: &App, place: Place, id: i64) -> Result<Self, EngineError> {
        app.engine().kept(place, id).await
    }

    async fn rows(app: &App, wanted: Wanted<()>) -> Result<Vec<Self>, EngineError> {
        let Wanted { place, filter: (), words, page } = wanted;
        app.engine().kept_list(place, words, page).await
    }

    fn number(&self) -> i64 {
        self.id.as_i64()
    }

    fn show(self, app: &App) -> UserOut {
        let Self { id, entry, email, name } = self;
        UserOut {
            id: app.engine().id_on_the_wire(entry.merchant, Self::KIND, id.as_i64()),
            email,
            name,
            created_at: entry.created.into(),
            updated_at: entry.updated.into(),
        }
    }
}

/// Refuses what mail cannot be sent to; whether it arrives is another matter.
fn address(email: &str) -> Result<(), Problem> {
    let plain = !email.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    let parts = email.rsplit_once('@').is_some_and(|(local, host)| {
        !local.is_empty() && !host.is_empty() && !host.starts_with('.') && !host.ends_with('.')
    });
    if plain && parts && email.len() <= EMAIL_BYTES_MAX {
        return Ok(());
    }
    Err(unfit("email", format!("must be an e-mail address of at most {EMAIL_BYTES_MAX} bytes")))
}
