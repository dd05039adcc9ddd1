//! Logs: one line an occurrence on standard error, for people or for machines.

use anyhow::{Context, bail};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::config::{Log, LogFormat};

/// Starts logging, for the rest of the process.
pub(crate) fn start(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.level).with_context(|| {
        format!("`log.level` is `{}`; write `info`, or `info,posthorn_engine=debug`", log.level)
    })?;
    check(&log.level)?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match log.format {
        LogFormat::Text => {
            lines.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init()
        }
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("logging was started before: {error}"))
}

/// Refuses a misspelt level, which would else be read as the name of a part and silence the rest.
fn check(levels: &str) -> anyhow::Result<()> {
    for one in levels.split(',').map(str::trim).filter(|one| !one.is_empty()) {
        if !one.contains('=') && one.parse::<LevelFilter>().is_err() {
            bail!(
                "`log.level`: `{one}` is no level; write `error`, `warn`, `info`, `debug`, `trace` or \
                 `off`, and for a part of the program as in `info,posthorn_engine=debug`"
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn a_misspelt_level_is_refused_with_those_there_are() {
        let said = check("inof").unwrap_err().to_string();
        assert!(said.contains("`inof` is no level") && said.contains("`warn`"), "{said}");
        for sound in ["info", "WARN", "off", "info,posthorn_engine=debug", "posthorn_engine=debug"]
        {
            assert!(check(sound).is_ok(), "{sound}");
        }
    }
}
