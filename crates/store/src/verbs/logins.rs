//! Users of merchants' accounts: registered, found, deleted.

use jiff::Timestamp;
use posthorn_core::event::Mode;
use posthorn_core::id::{LoginId, MerchantId};
use posthorn_core::oauth::{LOGINS_MAX, Login};

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
    let same = values![mode_code(mode), &new.email, merchant.as_i64()];
    if db.number(statements::LOGIN_TAKEN, same).await?.unwrap_or(0) > 0 {
        return Err(StoreError::Taken { what: "email" }.into());
    }
    let which = values![merchant.as_i64(), mode_code(mode)];
    let there = db.number(statements::LOGIN_COUNT, which).await?.unwrap_or(0);
    if usize::try_from(there).is_ok_and(|there| there >= LOGINS_MAX) {
        return Err(StoreError::TooMany { max: LOGINS_MAX }.into());
    }
    let row =
        values![merchant.as_i64(), mode_code(mode), &new.email, &new.password, ms(new.created)];
    let id = LoginId::from_i64(db.insert(statements::LOGIN_CREATE, row).await?);
    once::keep(db, once, id.as_i64()).await?;
    Ok(Done::Now(id))
}

/// The users of a mode who have this address, one of each account.
pub(crate) async fn by_email<D: Db>(
    db: &D,
    mode: Mode,
    email: &str,
    limit: u32,
) -> Result<Vec<Login>, D::Trouble> {
    db.many(statements::LOGINS_BY_EMAIL, values![mode_code(mode), email, limit], read).await
}

/// One user.
pub(crate) async fn one<D: Db>(db: &D, id: LoginId) -> Result<Option<Login>, D::Trouble> {
    db.one(statements::LOGIN, values![id.as_i64()], read).await
}

/// Another password for the one that it had; once more where the answer to that was lost.
pub(crate) async fn set_password<D: Db>(
    db: &D,
    id: LoginId,
    was: &[u8],
    is: &[u8],
) -> Result<bool, D::Trouble> {
    let row = values![id.as_i64(), was, is];
    Ok(db.run(statements::LOGIN_SET_PASSWORD, row).await? == 1)
}

/// Whether there is such a user, who cannot be deleted until this transaction is over.
pub(super) async fn held<D: Db>(db: &D, id: i64) -> Result<bool, D::Trouble> {
    Ok(db.number(statements::LOGIN_HELD, values![id]).await?.is_some())
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

fn read(row: &dyn Columns) -> Result<Login, StoreError> {
    let id = row.get(0)?;
    let place = Place { table: "logins", row: id };
    Ok(Login {
        id: LoginId::from_i64(id),
        merchant: MerchantId::from_i64(row.get(1)?),
        mode: mode(place, row.get(2)?)?,
        email: row.get(3)?,
        password: row.get(4)?,
        created: place.time("created", row.get(5)?)?,
    })
}
