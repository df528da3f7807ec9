use std::fs;

use super::*;

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A plan as it is written, with hostile names where names stand.
fn plan(keys: usize, replacements: usize, steps: usize) -> String {
    let lines = |count: usize, line: &dyn Fn(usize) -> String| {
        let lines: Vec<String> = (0..count).map(|i| format!("\n{}", line(i))).collect();
        format!("[{}]", lines.join(","))
    };
    let key = |i: usize| {
        format!(
            "{{\"spki_sha256\":\"{KEY}\",\"certificates\":[{{\"verdict\":\"replace\",\"replacement\":\"replace-{i:016x}\",\"x\":\"\\\"keys\\\":[\"}}]}}"
        )
    };
    let replacement = |i: usize| {
        format!(
            "{{\"id\":\"replace-{i:016x}\",\"profile\":\"{KEY}\",\"name\":\"],\",\"subject\":\"\\\"steps\\\":[\",\"replaces\":[],\"mirrors\":\"{KEY}\",\
             \"sources\":[{{\"root\":0,\"path\":\"a]\"}}],\"key_algorithm\":\"ec\",\"key_bits\":256,\"waits_for_new_ca\":false}}"
        )
    };
    format!(
        "{{\"schema\":\"{SCHEMA}\",\n\"roots\":[\"/a\\\":[\"],\n\"authorities\":[],\n\"replacements\":{},\n\"steps\":{},\n\"keys\":{},\n\"unnamed_keys\":{}\n}}\n",
        lines(replacements, &replacement),
        lines(steps, &|i| format!("{{\"id\":{i}}}")),
        lines(keys, &key),
        lines(2, &|_| "\"x]\"".to_owned()),
    )
}

fn open(text: &str) -> Result<(PlanFile, PlanHead), NoPlan> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.json");
    fs::write(&path, text).unwrap();
    PlanFile::open(&path)
}

fn shown(head: &PlanHead) -> String {
    format!("{head:?}")
}

#[test]
fn lines_say_what_the_whole_says() {
    for (keys, replacements, steps) in [(0, 0, 0), (1, 0, 2), (0, 1, 0), (3, 2, 5), (1000, 1000, 1000)] {
        let text = plan(keys, replacements, steps);
        let (file, head) = open(&text).unwrap();
        assert!(file.is_as_written());
        assert_eq!(shown(&head), shown(&serde_json::from_str(&text).unwrap()));
        // The same list gives the same file, but for members that are absent by default.
        let mut again = Vec::new();
        file.with_replacements(&head.replacements, &mut again).unwrap();
        let again = String::from_utf8(again).unwrap();
        assert_eq!(shown(&open(&again).unwrap().1), shown(&head));
        let around = |text: &str| {
            let (before, after) =
                (text.find(",\n\"replacements\":[").unwrap(), text.find(",\n\"steps\":[").unwrap());
            (text[..before].to_owned(), text[after..].to_owned())
        };
        assert_eq!(around(&again), around(&text));
        assert_eq!(again.matches("\"id\":\"replace-").count(), replacements);
    }
}

#[test]
fn another_layout_is_read_and_not_edited() {
    let text = plan(3, 2, 5);
    let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
    for other in [
        whole.to_string(),
        serde_json::to_string_pretty(&whole).unwrap(),
        text.replace(",\n", "\n,"),
        text.replace('\n', "\r\n"),
        text.replace("\n\"keys\":[\n", "\n \"keys\":[\n"),
        text.replace("\n\"keys\":[\n", "\n\"k\\u0065ys\":[\n"),
    ] {
        let (file, head) = open(&other).unwrap();
        assert_eq!(shown(&head), shown(&serde_json::from_str(&text).unwrap()));
        assert!(!file.is_as_written());
        assert_eq!(
            file.with_replacements(&[], &mut Vec::new()).unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
    }
}

#[test]
fn a_plan_that_is_cut_or_damaged_is_none() {
    let text = plan(3, 2, 3);
    for end in (0..text.len() - 2).step_by(7) {
        assert!(matches!(open(&text[..end]), Err(NoPlan::Wrong(_))), "{}", &text[..end]);
    }
    // The place that is told is that of the whole.
    let wrong = text.replacen("\"key_bits\":256", "\"key_bits\":-1", 1);
    let Err(NoPlan::Wrong(error)) = open(&wrong) else { panic!("{wrong}") };
    assert_eq!(error.to_string(), serde_json::from_str::<PlanHead>(&wrong).unwrap_err().to_string());
    for (part, other) in
        [("{\"id\":1}", "{\"id\":1"), ("\"x]\"]", "\"x]\"]]"), ("[\n{\"id\":0}", "[\n\n{\"id\":0}{}")]
    {
        assert!(open(&text.replacen(part, other, 1)).is_err(), "{other}");
    }
    assert!(matches!(open(&text.replace(SCHEMA, "certrecall/plan/9")), Err(NoPlan::OtherSchema(_))));
}
