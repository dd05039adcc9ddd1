//! `./x bench --quick`, as a test: the bench runs against today's server to its end, and the server loses nothing in it.

#[path = "../benches/load/main.rs"]
#[expect(dead_code, reason = "a bench's `main` and its arguments have no use in a test")]
mod load;

use clap::Parser;

#[test]
fn a_quick_bench_measures_every_scene_and_finds_nothing_missing_or_doubled() {
    let options = load::Options::parse_from(["bench", "--quick"]);

    let figures = load::run(&options).expect("the bench finishes, and nothing was lost");

    for scene in ["one endpoint", "fan-out 10", "200 events/s"] {
        let of_scene = |name: &str| {
            let found = figures
                .iter()
                .find(|figure| figure.scene.starts_with(scene) && figure.name.starts_with(name));
            found.unwrap_or_else(|| panic!("{scene} has a row for {name}")).values[0]
        };
        assert!(of_scene("deliveries") > 0.0, "{scene}: nothing was delivered");
        assert!(of_scene("server CPU per delivery") > 0.0, "{scene}: delivering is not free");
        assert!(of_scene("written per delivery") > 0.0, "{scene}: accepted means on disk");
    }
}

#[test]
fn a_quick_comparison_finds_a_healthy_endpoint_served_beside_others() {
    for company in ["dead", "slow", "greedy", "waiting", "old"] {
        let options = load::Options::parse_from(["bench", "--quick", "--beside", company]);

        let figures = load::run(&options).expect("nothing was lost, alone or beside them");

        let times = figures.iter().filter(|figure| figure.name.contains("after"));
        assert!(times.flat_map(|figure| &figure.values).all(|ms| *ms > 0.0), "{figures:?}");
    }
}

#[test]
fn a_quick_bench_beside_old_and_waiting_deliveries_starts_again_and_reads_lists() {
    let beside = ["bench", "--quick", "--old", "1", "--waiting", "1"];
    let scenes = ["--only", "restart", "--only", "lists"];
    let options = load::Options::parse_from(beside.into_iter().chain(scenes));

    let figures = load::run(&options).expect("what was sent after the start arrived");

    for name in ["from the start to the first delivery", "a page after, p99"] {
        let figure = figures.iter().find(|figure| figure.name == name);
        assert!(figure.is_some_and(|figure| figure.values[0] > 0.0), "{name}: {figures:?}");
    }
}
