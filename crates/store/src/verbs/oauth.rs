//! Applications, what they are granted, and tokens that are spent once.

use jiff::Timestamp;
use posthorn_core::event::Mode;
use posthorn_core::id::{ApplicationId, LoginId, MerchantId};
use posthorn_core::oauth::{APPLICATIONS_MAX, Application};

use super::{logins, merchants, once};
use crate::db::{Columns, Db, Lock, values};
use crate::rows::{
    ApplicationRow, Place, TokenRow, client_code, mode_code, ms, redirects_text, scopes,
    scopes_code,
};
use crate::statements;
use crate::{
    Done, Family, LetIn, NewApplication, NewToken, Once, Page, Redeemed, StoreError, Token,
};

/// Registers an application.
pub(crate) async fn create<D: Db>(
    db: &D,
    new: &NewApplication,
    once: Option<&Once>,
) -> Result<Done<ApplicationId>, D::Trouble> {
    if let Some(before) = once::before(db, once).await? {
        return Ok(Done::Before(ApplicationId::from_i64(before)));
    }
    let (merchant, mode) = new.place;
    merchants::refuse_missing(db, merchant).await?;
    db.hold(Lock::Merchant(merchant)).await?;
    if let Some(same) = by_client(db, &new.client).await? {
        return Ok(Done::Now(same.id)); // The answer to this very verb was lost: the name is chance.
    }
    let which = values![merchant.as_i64(), mode_code(mode)];
    let there = db.number(statements::APPLICATION_COUNT, which).await?.unwrap_or(0);
    if usize::try_from(there).is_ok_and(|there| there >= APPLICATIONS_MAX) {
        return Err(StoreError::TooMany { max: APPLICATIONS_MAX }.into());
    }
    let row = values![
        merchant.as_i64(),
        mode_code(mode),
        &new.client,
        &new.name,
        client_code(new.kind),
        redirects_text(&new.redirects),
        new.hint.as_deref(),
        new.secret,
        ms(new.created),
    ];
    let id = ApplicationId::from_i64(db.insert(statements::APPLICATION_CREATE, row).await?);
    once::keep(db, once, id.as_i64()).await?;
    Ok(Done::Now(id))
}

/// One application.
pub(crate) async fn one<D: Db>(
    db: &D,
    id: ApplicationId,
) -> Result<Option<Application>, D::Trouble> {
    db.one(statements::APPLICATION, values![id.as_i64()], read).await
}

/// The application that calls itself so.
pub(crate) async fn by_client<D: Db>(
    db: &D,
    client: &str,
) -> Result<Option<Application>, D::Trouble> {
    db.one(statements::APPLICATION_BY_CLIENT, values![client], read).await
}

/// A merchant's applications, oldest first.
pub(crate) async fn list<D: Db>(
    db: &D,
    (merchant, mode): (MerchantId, Mode),
    page: Page<ApplicationId>,
) -> Result<Vec<Application>, D::Trouble> {
    let above = page.after.map_or(0, ApplicationId::as_i64);
    let which = values![merchant.as_i64(), mode_code(mode), above, page.limit];
    db.many(statements::APPLICATIONS, which, read).await
}

/// Deletes an application.
pub(crate) async fn delete<D: Db>(
    db: &D,
    (merchant, mode): (MerchantId, Mode),
    id: ApplicationId,
    at: Timestamp,
) -> Result<bool, D::Trouble> {
    let which = values![merchant.as_i64(), mode_code(mode), id.as_i64(), ms(at)];
    Ok(db.run(statements::APPLICATION_DELETE, which).await? == 1)
}

/// Writes a new grant with its tokens. The user who consented must be there: whoever deletes it at this moment waits here, and
/// then ends this grant too, or was first.
pub(crate) async fn issue<D: Db>(
    db: &D,
    family: &Family,
    tokens: &[NewToken],
    at: Timestamp,
) -> Result<bool, D::Trouble> {
    if let Some(subject) = family.subject
        && !logins::held(db, subject).await?
    {
        return Ok(false);
    }
    let row = values![
        family.id,
        family.application.as_i64(),
        family.place.0.as_i64(),
        mode_code(family.place.1),
        family.subject,
        scopes_code(family.scopes),
        ms(at),
        last_of(tokens),
    ];
    db.run(statements::GRANT_CREATE, row).await?;
    write(db, &family.id, tokens).await?;
    Ok(true)
}

/// What a user lets applications do.
pub(crate) async fn let_in_by<D: Db>(
    db: &D,
    login: LoginId,
    now: Timestamp,
    page: Page<ApplicationId>,
) -> Result<Vec<LetIn>, D::Trouble> {
    let above = page.after.map_or(0, ApplicationId::as_i64);
    let which = values![login.as_i64(), above, ms(now), page.limit];
    db.many(statements::GRANTS_OF, which, |row| {
        let id = row.get(0)?;
        let place = Place { table: "grants", row: id };
        Ok(LetIn {
            application: ApplicationId::from_i64(id),
            name: row.get(1)?,
            client: row.get(2)?,
            of: MerchantId::from_i64(row.get(3)?),
            scopes: scopes(place, row.get(4)?)?,
            since: place.time("created", row.get(5)?)?,
        })
    })
    .await
}

/// Ends what a user lets an application do.
pub(crate) async fn shut_out<D: Db>(
    db: &D,
    login: LoginId,
    application: ApplicationId,
    at: Timestamp,
) -> Result<bool, D::Trouble> {
    let which = values![login.as_i64(), application.as_i64(), ms(at)];
    Ok(db.run(statements::GRANTS_REVOKE_TO, which).await? > 0)
}

async fn write<D: Db>(db: &D, family: &[u8; 16], tokens: &[NewToken]) -> Result<(), D::Trouble> {
    for token in tokens {
        let row = values![
            token.hash,
            token.kind as i64,
            family,
            scopes_code(token.scopes),
            ms(token.expires),
            ms(token.forget),
            token.bound.as_deref(),
        ];
        db.run(statements::TOKEN_CREATE, row).await?;
    }
    Ok(())
}

/// When the last of them may be forgotten.
fn last_of(tokens: &[NewToken]) -> i64 {
    tokens.iter().map(|token| ms(token.forget)).max().unwrap_or(0)
}

/// The token with this hash.
pub(crate) async fn token<D: Db>(db: &D, hash: &[u8; 32]) -> Result<Option<Token>, D::Trouble> {
    db.one(statements::TOKEN, values![hash], |row| {
        let row = TokenRow {
            kind: row.get(0)?,
            scopes: row.get(1)?,
            expires: row.get(2)?,
            spent: row.get(3)?,
            bound: row.get(4)?,
            family: row.get(5)?,
            application: row.get(6)?,
            merchant: row.get(7)?,
            mode: row.get(8)?,
            subject: row.get(9)?,
            over: row.get(10)?,
        };
        row.read()
    })
    .await
}

/// Spends a token. Of two that bring it at once one is first; the other ends what the first was given.
pub(crate) async fn redeem<D: Db>(
    db: &D,
    hash: &[u8; 32],
    at: Timestamp,
    given: &[NewToken],
) -> Result<Redeemed, D::Trouble> {
    let Some(found) = token(db, hash).await? else { return Ok(Redeemed::Gone) };
    let family = found.family.id;
    if let Some(first) = given.first()
        && token(db, &first.hash).await?.is_some_and(|there| there.family.id == family)
    {
        return Ok(Redeemed::Now); // Its answer was lost: what is given is chance, and stands there.
    }
    if db.run(statements::TOKEN_SPEND, values![hash, ms(at)]).await? == 0 {
        db.run(statements::GRANT_REVOKE, values![family, ms(at)]).await?;
        return Ok(Redeemed::Again);
    }
    // Whoever revokes the grant at this moment waits here, or was first.
    if found.over || db.run(statements::GRANT_EXTEND, values![family, last_of(given)]).await? == 0 {
        return Ok(Redeemed::Gone);
    }
    write(db, &family, given).await?;
    Ok(Redeemed::Now)
}

/// Ends a token, or all of its grant.
pub(crate) async fn revoke<D: Db>(
    db: &D,
    hash: &[u8; 32],
    family: bool,
    at: Timestamp,
) -> Result<bool, D::Trouble> {
    if !family {
        return Ok(db.run(statements::TOKEN_SPEND, values![hash, ms(at)]).await? == 1);
    }
    let Some(found) = token(db, hash).await? else { return Ok(false) };
    Ok(db.run(statements::GRANT_REVOKE, values![found.family.id, ms(at)]).await? == 1)
}

/// Forgets what cannot be good any more, tokens before their grants.
pub(crate) async fn forget<D: Db>(
    db: &D,
    before: Timestamp,
    limit: u32,
) -> Result<u32, D::Trouble> {
    let gone = db.run(statements::TOKENS_FORGET, values![ms(before), limit]).await?;
    db.run(statements::GRANTS_FORGET, values![ms(before), limit]).await?;
    Ok(u32::try_from(gone).unwrap_or(u32::MAX))
}

/// Forgets applications that were deleted before then.
pub(crate) async fn forget_applications<D: Db>(
    db: &D,
    before: Timestamp,
    limit: u32,
) -> Result<u32, D::Trouble> {
    let gone = db.run(statements::APPLICATIONS_FORGET, values![ms(before), limit]).await?;
    Ok(u32::try_from(gone).unwrap_or(u32::MAX))
}

fn read(row: &dyn Columns) -> Result<Application, StoreError> {
    let row = ApplicationRow {
        id: row.get(0)?,
        merchant: row.get(1)?,
        mode: row.get(2)?,
        client: row.get(3)?,
        name: row.get(4)?,
        kind: row.get(5)?,
        redirects: row.get(6)?,
        hint: row.get(7)?,
        secret: row.get(8)?,
        created: row.get(9)?,
        deleted: row.get(10)?,
    };
    row.read()
}
