//! A case over several runs of the program: between them files change, are gone or come back, and manifests
//! are given anew.

use std::fmt::Write as _;
use std::fs;
use std::time::SystemTime;

use certrecall::time::Time;
use serde_json::Value;

use super::Scene;
use crate::common::pki::NOW;
use crate::common::run;

/// What each run concludes. Rounds are parted by `later`; `gone PATH` deletes, `option FLAG VALUE` is given
/// in this round alone.
pub(crate) fn rounds(text: &str) -> String {
    let today = || {
        Time::from_unix(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs() as i64)
            .day()
    };
    let begun = today();
    let mut scene = Scene::new();
    let mut out = String::new();
    for (number, part) in text.split("\nlater\n").enumerate() {
        let mut options: Vec<String> = Vec::new();
        scene.manifests.clear();
        for line in part.lines().map(str::trim).filter(|l| !l.is_empty()) {
            match line.split_once(' ') {
                Some(("gone", path)) => {
                    scene.archives.remove(path);
                    let path = scene.folder.path().join("in").join(path);
                    if path.is_dir() {
                        fs::remove_dir_all(path).unwrap()
                    } else {
                        fs::remove_file(path).unwrap()
                    }
                }
                Some(("option", rest)) => {
                    options.extend(scene.filled(rest).split_whitespace().map(str::to_owned))
                }
                _ => scene.line(line),
            }
        }
        scene.write_archives();
        for (name, text) in &scene.manifests {
            scene.folder.write(name, text);
            options.extend(["--manifest".to_owned(), scene.folder.at(name)]);
        }
        let (input, case) = (scene.folder.at("in"), scene.folder.at("case"));
        let mut arguments = vec!["plan", "-o", &case, "--as-of", NOW];
        if number == 0 {
            arguments.push(&input);
        }
        arguments.extend(options.iter().map(String::as_str));
        let ran = run(&arguments);
        writeln!(out, "round {}: exit status {}", number + 1, ran.status).unwrap();
        if !(0..=3).contains(&ran.status) || ran.status == 2 {
            writeln!(out, "{}", ran.stderr).unwrap();
            continue;
        }
        scene.round(&mut out, &scene.folder.json("case/plan.json"));
    }
    scene.named(out).replace(&begun, "<today>").replace(&today(), "<today>")
}

impl Scene {
    fn round(&self, out: &mut String, plan: &Value) {
        let all = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let steps = all(&plan["steps"]);
        for (name, key) in &self.keys {
            let keys = all(&plan["keys"]);
            let Some(key) = keys.iter().find(|k| k["spki_sha256"] == key.spki().to_string()) else {
                continue;
            };
            let status = |id: &Value| {
                let step = steps.iter().find(|s| s["id"] == *id);
                step.map_or_else(
                    || "?".to_owned(),
                    |s| format!("{} {}", text(&s["kind"]), text(&s["status"])),
                )
            };
            let own: Vec<String> = all(&key["steps"]).iter().map(status).collect();
            writeln!(out, "  key {name}: {}; {}", text(&key["exposure"]), own.join(", ")).unwrap();
            for because in all(&key["because"]) {
                let codes: Vec<String> = all(&because["findings"]).iter().map(text).collect();
                writeln!(
                    out,
                    "    {} {} {}: {}",
                    text(&because["evidence"]),
                    text(&because["source"]),
                    codes.join(" "),
                    text(&because["message"])
                )
                .unwrap();
            }
        }
        for step in steps.iter().filter(|s| s["kind"] == "inspect") {
            writeln!(out, "  inspect {}: {}", text(&step["status"]), text(&step["message"])).unwrap();
        }
        for finding in all(&plan["findings"]) {
            writeln!(
                out,
                "  finding {} {}: {}",
                text(&finding["code"]),
                text(&finding["place"]),
                text(&finding["message"])
            )
            .unwrap();
        }
    }
}
