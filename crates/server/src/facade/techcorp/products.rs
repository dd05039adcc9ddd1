//! Products: `/v1/products`, which the guide calls `/products` too and prints nothing of. This is what is published here: `id`,
//! `name`, `description`, `sku`, `price` (decimals, as in orders), `currency`, `stock`, `status` (`ACTIVE`, or `INACTIVE` off the
//! shelf), `created_at`, `updated_at`. `product.updated` tells of a change. The native API's products are the same ones.

use posthorn_core::contract::Kind;
use posthorn_core::id::ProductId;
use posthorn_core::shop::{Entry, Product};
use posthorn_engine::EngineError;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::decimals;
use super::kept::{By, Kept, Place, Wanted, same_id};
use crate::api::unfit;
use crate::app::App;
use crate::decode::Change;
use crate::problem::Problem;
use crate::time::Timestamp;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductIn<'a> {
    name: String,
    description: Option<String>,
    sku: Option<String>,
    #[serde(borrow)]
    price: &'a RawValue,
    currency: Option<String>,
    stock: Option<u32>,
    status: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductChangeIn<'a> {
    id: Option<String>,
    name: Option<String>,
    #[serde(default)]
    description: Change<String>,
    #[serde(default)]
    sku: Change<String>,
    #[serde(borrow)]
    price: Option<&'a RawValue>,
    #[serde(default)]
    stock: Change<u32>,
    status: Option<String>,
}

#[derive(Serialize)]
pub(super) struct ProductOut {
    id: String,
    name: String,
    description: Option<String>,
    sku: Option<String>,
    /// `null` of one that the native API made, whose offers have prices.
    price: Option<Box<RawValue>>,
    currency: Option<&'static str>,
    stock: Option<u32>,
    status: String,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Kept for Product {
    const KIND: Kind = Kind::Product;
    const MANY: &'static str = "products";
    const PATHS: &'static [&'static str] = &["/v1/products", "/products"];
    type Made<'a> = ProductIn<'a>;
    type Changed<'a> = ProductChangeIn<'a>;
    type Out = ProductOut;
    type Filter = ();

    async fn make<'a>(by: By<'a>, made: ProductIn<'a>) -> Result<(Self, bool), Problem> {
        let asset = decimals::currency(made.currency.as_deref())?;
        let price = decimals::read("price", made.price, asset)?;
        let inactive = inactive(by, made.status.as_deref())?.unwrap_or(false);
        let ProductIn { name, description, sku, stock, .. } = made;
        let make = move |id, entry: Entry| {
            let (id, kind, price) = (ProductId::from_i64(id), None, Some(price));
            Self { id, entry, name, kind, description, sku, price, stock, inactive }
        };
        let (caller, place) = (by.merchant.caller, by.merchant.place());
        Ok(by.app.engine().keep(caller, place, make, by.key).await?)
    }

    async fn alter<'a>(
        by: By<'a>,
        id: &str,
        changed: ProductChangeIn<'a>,
    ) -> Result<Self, Problem> {
        same_id(id, changed.id.as_deref())?;
        let about = (by.merchant.place(), by.number::<Self>(id)?);
        let known = Self::find(by.app, about.0, about.1).await?;
        let asset = known.price.map_or(decimals::USUAL, |price| price.asset);
        let price = changed.price.map(|price| decimals::read("price", price, asset)).transpose()?;
        let inactive = inactive(by, changed.status.as_deref())?;
        let (name, description) = (changed.name, changed.description.patch());
        let (sku, stock) = (changed.sku.patch(), changed.stock.patch());
        let change = move |product: &mut Self| {
            let known = product.clone();
            product.name = name.clone().unwrap_or(known.name);
            product.description = description.clone().unwrap_or(known.description);
            product.sku = sku.clone().unwrap_or(known.sku);
            product.price = price.or(known.price);
            product.stock = stock.unwrap_or(known.stock);
            product.inactive = inactive.unwrap_or(known.inactive);
        };
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

    fn show(self, app: &App) -> ProductOut {
        let (engine, merchant) = (app.engine(), self.entry.merchant);
        let contract = engine.contract_of(merchant).ok();
        let status = contract.map(|known| known.product_status(!self.inactive).to_owned());
        ProductOut {
            id: engine.id_on_the_wire(merchant, Self::KIND, self.id.as_i64()),
            name: self.name,
            description: self.description,
            sku: self.sku,
            price: self.price.map(decimals::print),
            currency: self.price.map(|price| price.asset.code()),
            stock: self.stock,
            status: status.unwrap_or_default(),
            created_at: self.entry.created.into(),
            updated_at: self.entry.updated.into(),
        }
    }
}

/// Whether a word says that a product is off the shelf.
fn inactive(by: By<'_>, word: Option<&str>) -> Result<Option<bool>, Problem> {
    let Some(word) = word else { return Ok(None) };
    let contract = by.app.engine().contract_of(by.merchant.id)?;
    let says = |active: &bool| contract.product_status(*active) == word;
    if let Some(active) = [true, false].into_iter().find(says) {
        return Ok(Some(!active));
    }
    let (on, off) = (contract.product_status(true), contract.product_status(false));
    Err(unfit("status", format!("must be `{on}` or `{off}`")))
}
