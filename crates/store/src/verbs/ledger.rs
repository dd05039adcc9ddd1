//! The ledger: money that moves, and what accounts hold.

use posthorn_core::event::Mode;
use posthorn_core::id::MerchantId;
use posthorn_core::ledger::{Account, Posting};
use posthorn_core::money::{Asset, Money};

use crate::db::{Columns, Db, values};
use crate::rows::{Place, mode, mode_code, ms};
use crate::statements;
use crate::{Balance, Difference, Movement, Page, PostedMovement, StoreError, Total};

/// What sums of minor units are taken apart by.
const BILLION: i128 = 1_000_000_000;

/// Moves money, one way or not at all.
pub(crate) async fn move_money<D: Db>(db: &D, movements: &[Movement]) -> Result<(), D::Trouble> {
    let mut sides = Vec::with_capacity(movements.len() * 2);
    for movement in movements {
        let Movement { at, place: (merchant, mode), subject, posting, covered } = movement;
        let row = values![
            ms(*at),
            merchant.as_i64(),
            mode_code(*mode),
            *subject,
            posting.from as i64,
            posting.to as i64,
            posting.money.asset.code(),
            posting.money.minor,
        ];
        db.run(statements::POSTING_CREATE, row).await?;
        for entry in posting.entries() {
            let covered = *covered && entry.account == posting.from;
            sides.push((merchant.as_i64(), mode_code(*mode), entry, covered));
        }
    }
    // Always in one order, so that no two changes wait for each other.
    sides.sort_by_key(|(merchant, mode, entry, _)| {
        (*merchant, *mode, entry.account, entry.gain.asset.code())
    });
    for (merchant, mode, entry, covered) in sides {
        let asset = entry.gain.asset;
        let row = values![merchant, mode, entry.account as i64, asset.code(), entry.gain.minor];
        let holds = db.number(statements::BALANCE_ADD, row).await?.unwrap_or(0);
        if covered && holds < 0 {
            let there = holds - entry.gain.minor;
            return Err(StoreError::Short { account: entry.account.name(), there }.into());
        }
    }
    Ok(())
}

/// What a merchant's accounts hold.
pub(crate) async fn balances<D: Db>(
    db: &D,
    (merchant, mode): (MerchantId, Mode),
) -> Result<Vec<Balance>, D::Trouble> {
    let which = values![merchant.as_i64(), mode_code(mode)];
    db.many(statements::BALANCES, which, |row| {
        let place = Place { table: "balances", row: merchant.as_i64() };
        let asset = asset(place, &row.get::<String>(1)?)?;
        let money = Money { minor: row.get(2)?, asset };
        Ok(Balance { account: account(place, row.get(0)?)?, money })
    })
    .await
}

/// What all accounts of a kind hold together.
pub(crate) async fn totals<D: Db>(db: &D) -> Result<Vec<Total>, D::Trouble> {
    db.many(statements::LEDGER_TOTALS, values![], |row| {
        let place = Place { table: "balances", row: 0 };
        let (billions, rest): (i64, i64) = (row.get(2)?, row.get(3)?);
        Ok(Total {
            account: account(place, row.get(1)?)?,
            asset: asset(place, &row.get::<String>(0)?)?,
            minor: i128::from(billions) * BILLION + i128::from(rest),
        })
    })
    .await
}

/// A merchant's movements, newest first.
pub(crate) async fn movements<D: Db>(
    db: &D,
    (merchant, mode): (MerchantId, Mode),
    page: Page<i64>,
) -> Result<Vec<PostedMovement>, D::Trouble> {
    let below = page.after.unwrap_or(i64::MAX);
    let which = values![merchant.as_i64(), mode_code(mode), below, page.limit];
    db.many(statements::POSTINGS, which, posted).await
}

/// The movements of a record, oldest first.
pub(crate) async fn movements_of<D: Db>(
    db: &D,
    subject: i64,
) -> Result<Vec<PostedMovement>, D::Trouble> {
    db.many(statements::POSTINGS_OF, values![subject], posted).await
}

/// Balances that are not the sum of their movements.
pub(crate) async fn differences<D: Db>(db: &D, limit: u32) -> Result<Vec<Difference>, D::Trouble> {
    db.many(statements::LEDGER_DIFFERENCES, values![limit], |row| {
        let merchant = row.get(0)?;
        let place = Place { table: "balances", row: merchant };
        let (billions, rest, held): (i64, i64, i64) = (row.get(4)?, row.get(5)?, row.get(6)?);
        let too_much = i128::from(billions) * BILLION + i128::from(rest);
        Ok(Difference {
            place: (MerchantId::from_i64(merchant), mode(place, row.get(1)?)?),
            account: account(place, row.get(2)?)?,
            asset: asset(place, &row.get::<String>(3)?)?,
            posted: i128::from(held) + too_much,
            held,
        })
    })
    .await
}

fn posted(row: &dyn Columns) -> Result<PostedMovement, StoreError> {
    let id = row.get(0)?;
    let place = Place { table: "postings", row: id };
    let asset = asset(place, &row.get::<String>(5)?)?;
    let money = Money { minor: row.get(6)?, asset };
    let (from, to) = (account(place, row.get(3)?)?, account(place, row.get(4)?)?);
    let posting = Posting::new(from, to, money).ok_or_else(|| place.corrupt("minor"))?;
    Ok(PostedMovement { id, at: place.time("at", row.get(1)?)?, subject: row.get(2)?, posting })
}

fn account(place: Place, code: i64) -> Result<Account, StoreError> {
    let found = Account::ALL.into_iter().find(|account| *account as i64 == code);
    found.ok_or_else(|| place.corrupt("account"))
}

fn asset(place: Place, code: &str) -> Result<Asset, StoreError> {
    code.parse().map_err(|_| place.corrupt("asset"))
}
