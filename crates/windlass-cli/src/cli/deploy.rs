//! The examples of `examples/deploy/` and the commands of docs/deployment.md, as this command line reads them.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize as _;
use serde_json::Value;

use super::definition;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).expect(path)
}

/// The files of a folder of the examples, each with its text.
fn files(folder: &str) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(root().join("examples/deploy").join(folder)).expect("there");
    let names = entries.map(|entry| entry.expect("an entry").file_name().into_string());
    let paths = names.map(|name| format!("examples/deploy/{folder}/{}", name.expect("a name")));
    paths.map(|path| (path.clone(), text(&path))).collect()
}

/// The documents of all manifests.
fn manifests() -> Vec<(String, Value)> {
    let parsed = |(path, text): (String, String)| {
        let documents = serde_norway::Deserializer::from_str(&text).map(|document| {
            (
                path.clone(),
                Value::deserialize(document).unwrap_or_else(|error| panic!("{path}: {error}")),
            )
        });
        documents.collect::<Vec<_>>()
    };
    files("kubernetes").into_iter().flat_map(parsed).collect()
}

/// The containers of a manifest.
fn containers(manifest: &Value) -> &[Value] {
    let containers = &manifest["spec"]["template"]["spec"]["containers"];
    containers.as_array().map_or(&[], Vec::as_slice)
}

fn words(of: &Value) -> Vec<String> {
    let words = of.as_array().expect("a list of words");
    words.iter().map(|word| word.as_str().expect("a word").to_owned()).collect()
}

/// Checks that these words behind `windlass` are a command.
fn accept(place: &str, words: &[String]) {
    let line = std::iter::once("windlass".to_owned()).chain(words.iter().cloned());
    if let Err(error) = definition().try_get_matches_from(line) {
        panic!("{place}: {words:?}: {error}");
    }
    let store = words.iter().any(|word| word.starts_with("--store"));
    assert!(!store, "{place}: arguments can be read by everybody: {words:?}");
}

/// S-36: what is shown runs as nobody, on a root file system that it cannot write, and has its store's URL from a secret.
#[test]
fn manifests_are_read_and_their_commands_accepted() {
    let mut kinds = Vec::new();
    for (path, manifest) in manifests() {
        kinds.push(manifest["kind"].as_str().expect("a kind").to_owned());
        let pod = &manifest["spec"]["template"]["spec"];
        for container in containers(&manifest) {
            accept(&path, &words(&container["args"]));
            let own = &container["securityContext"];
            assert_eq!(own["readOnlyRootFilesystem"], true, "{path}");
            assert_eq!(own["allowPrivilegeEscalation"], false, "{path}");
            assert_eq!(own["capabilities"]["drop"][0], "ALL", "{path}");
            assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{path}");
            let store = &container["env"][0];
            assert_eq!(store["name"], "WINDLASS_STORE", "{path}");
            assert_eq!(store["valueFrom"]["secretKeyRef"]["name"], "windlass-store", "{path}");
        }
        if manifest["kind"] == "Deployment" {
            let patience = pod["terminationGracePeriodSeconds"].as_u64().expect("a number");
            assert!(patience > windlass::limits::GRACE.as_secs(), "{path}");
        }
    }
    kinds.sort_unstable();
    assert_eq!(kinds, ["ConfigMap", "Deployment", "Deployment", "Job", "Secret", "Service"]);
}

/// The configuration in a manifest is one.
#[test]
fn the_configuration_of_the_manifests_is_read() {
    let (_, map) =
        manifests().into_iter().find(|(_, one)| one["kind"] == "ConfigMap").expect("there");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("windlass.toml");
    std::fs::write(&file, map["data"]["windlass.toml"].as_str().expect("a text")).expect("written");
    let config = crate::config::Config::load(&file).expect("a configuration");
    assert_eq!((config.processes, config.handlers.len()), (Some(2), 1));
}

/// The probes ask what the server answers.
#[test]
fn probes_ask_for_health() {
    let serve = manifests()
        .into_iter()
        .find(|(path, one)| path.ends_with("serve.yaml") && one["kind"] == "Deployment");
    let (_, serve) = serve.expect("there");
    let container = &containers(&serve)[0];
    let path = |probe: &str| container[probe]["httpGet"]["path"].clone();
    assert_eq!(
        (path("livenessProbe"), path("readinessProbe")),
        ("/healthz".into(), "/readyz".into())
    );
    let port = container["ports"][0]["containerPort"].as_u64().expect("a port");
    assert!(words(&container["args"]).contains(&format!("0.0.0.0:{port}")));
}

/// The units say commands that there are, and systemd understands all of them, where it is there to be asked.
#[test]
fn units_are_read_and_their_commands_accepted() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut units = Vec::new();
    let mut commands = 0;
    for (path, text) in files("systemd") {
        let name = Path::new(&path).file_name().expect("a name");
        if path.ends_with(".conf") {
            continue;
        }
        structure(&path, &text);
        for line in text.lines().filter_map(|line| line.strip_prefix("ExecStart=")) {
            let mut line = line.split(' ').map(str::to_owned);
            assert_eq!(line.next().as_deref(), Some("/usr/local/bin/windlass"), "{path}");
            accept(&path, &line.collect::<Vec<_>>());
            commands += 1;
        }
        // What is not installed here is not what is wrong with a unit.
        let text = text.replace("/usr/local/bin/windlass", "/bin/true");
        std::fs::write(folder.path().join(name), text).expect("written");
        units.push(folder.path().join(name));
    }
    assert_eq!((units.len(), commands), (3, 2));
    let Ok(verified) = Command::new("systemd-analyze").arg("verify").args(&units).output() else {
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr);
    let wrong = said.lines().filter(|line| line.contains(&*folder.path().to_string_lossy()));
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<&str>::new());
}

/// Sections with settings, and of a service those that its safety hangs on.
fn structure(path: &str, text: &str) {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    for line in lines {
        let is_section = line.starts_with('[') && line.ends_with(']');
        assert!(is_section || line.split_once('=').is_some(), "{path}: {line}");
    }
    if path.ends_with(".service") {
        for needed in
            ["Type=notify", "User=windlass", "NoNewPrivileges=yes", "ProtectSystem=strict"]
        {
            assert!(text.contains(&format!("\n{needed}\n")), "{path}: {needed}");
        }
        let number = |name: &str| {
            let found = text.lines().find_map(|line| line.strip_prefix(name));
            found.and_then(|number| number.parse::<u64>().ok()).expect(name)
        };
        assert!(number("WatchdogSec=") > 0, "{path}");
        let is_worker = path.ends_with("work.service");
        let needed = if is_worker { windlass::limits::GRACE.as_secs() } else { 10 };
        assert!(number("TimeoutStopSec=") > needed, "{path}");
        assert!(!is_worker || text.contains("\nKillMode=mixed\n"), "{path}");
    }
}

/// The image has no root.
#[test]
fn the_image_runs_as_a_user() {
    let image = text("examples/deploy/Containerfile");
    let user = image.lines().rev().find_map(|line| line.strip_prefix("USER ")).expect("a user");
    assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "{user}");
    assert!(image.contains("\nENTRYPOINT [\"/usr/local/bin/windlass\"]\n"));
}

/// The commands of the page are commands.
#[test]
fn the_page_says_commands_that_there_are() {
    let page = text("docs/deployment.md");
    let told = page.lines().filter_map(|line| line.trim().strip_prefix("$ windlass "));
    let named =
        page.split('`').skip(1).step_by(2).filter_map(|code| code.strip_prefix("windlass "));
    let commands: Vec<&str> = told.chain(named).collect();
    assert!(commands.len() > 5, "{commands:?}");
    for command in commands {
        // `windlass worker require 'shop 2.14.0'`: what stands in quotes is one word.
        let parts = command.split('\'').enumerate();
        let words = parts.flat_map(|(number, part)| match number % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
            _ => vec![part.to_owned()],
        });
        accept("docs/deployment.md", &words.collect::<Vec<_>>());
    }
}
