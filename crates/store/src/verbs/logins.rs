//! Users of merchants' accounts: registered, tried, deleted.

use jiff::Timestamp;
use posthorn_core::event::Mode;
use posthorn_core::id::{LoginId, MerchantId};
use posthorn_core::oauth::Login;

use super::{merchants, once};
use crate::db::{Columns, Db, Lock, values};
use crate::rows::{Place, mode, mode_code, ms};
use crate::statements;
use crate::{Done, NewLogin, Once, Page, StoreError};

/// Registers a user.
pub(crate) async fn create<D: Db>(
    db: &D,
    new: &NewLogin,
    once: Option<&Once>,
) -> Result<Done<LoginId>, D::Trouble> {
    if let Some(before) = once::before(db, once).await? {
        return Ok(Done::Before(LoginId::from_i64(before)));
    }
    let (merchant, mode) = new.place;
    merchants::refuse_missing(db, merchant).await?;
    db.hold(Lock::Merchant(merchant)).await?;
    if by_email(db, mode, &new.email).await?.is_some() {
        return Err(StoreError::Taken { what: "email" }.into());
    }
    let row =
        values![merchant.as_i64(), mode_code(mode), &new.email, &new.password, ms(new.created)];
    let id = LoginId::from_i64(db.insert(statements::LOGIN_CREATE, row).await?);
    once::keep(db, once, id.as_i64()).await?;
    Ok(Done::Now(id))
}

async fn by_email<D: Db>(db: &D, mode: Mode, email: &str) -> Result<Option<Login>, D::Trouble> {
    db.one(statements::LOGIN_BY_EMAIL, values![mode_code(mode), email], read).await
}

/// A merchant's users, oldest first.
pub(crate) async fn list<D: Db>(
    db: &D,
    (merchant, mode): (MerchantId, Mode),
    page: Page<LoginId>,
) -> Result<Vec<Login>, D::Trouble> {
    let above = page.after.map_or(0, LoginId::as_i64);
    let which = values![merchant.as_i64(), mode_code(mode), above, page.limit];
    db.many(statements::LOGINS, which, read).await
}

/// Deletes a user, and ends what it let happen.
pub(crate) async fn delete<D: Db>(
    db: &D,
    (merchant, mode): (MerchantId, Mode),
    id: LoginId,
    at: Timestamp,
) -> Result<bool, D::Trouble> {
    let which = values![merchant.as_i64(), mode_code(mode), id.as_i64()];
    if db.run(statements::LOGIN_DELETE, which).await? == 0 {
        return Ok(false);
    }
    db.run(statements::GRANTS_REVOKE_OF, values![id.as_i64(), ms(at)]).await?;
    Ok(true)
}

/// Counts a try before anybody knows what comes of it: of many at once none is forgotten.
pub(crate) async fn attempt<D: Db>(
    db: &D,
    (mode, email): (Mode, &str),
    now: Timestamp,
    since: Timestamp,
) -> Result<Option<Login>, D::Trouble> {
    db.run(statements::LOGIN_TRY, values![mode_code(mode), email, ms(now), ms(since)]).await?;
    by_email(db, mode, email).await
}

/// A try was right.
pub(crate) async fn good<D: Db>(db: &D, id: LoginId) -> Result<(), D::Trouble> {
    db.run(statements::LOGIN_GOOD, values![id.as_i64()]).await?;
    Ok(())
}

fn read(row: &dyn Columns) -> Result<Login, StoreError> {
    let id = row.get(0)?;
    let place = Place { table: "logins", row: id };
    Ok(Login {
        id: LoginId::from_i64(id),
        merchant: MerchantId::from_i64(row.get(1)?),
        mode: mode(place, row.get(2)?)?,
        email: row.get(3)?,
        password: row.get(4)?,
        tries: place.count("tries", row.get(5)?)?,
        created: place.time("created", row.get(6)?)?,
    })
}
