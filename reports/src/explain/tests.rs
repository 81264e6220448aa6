//! The golden files of explanations that hookbench measured, and the page in a browser.

use std::fs;
use std::path::Path;

use hookbench_analysis::attribution::explanation;

use super::*;
use crate::browser::dump_dom;

/// A measured explanation, one of the seeds of the fuzz target.
fn measured(name: &str) -> Explanation {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds/explanation");
    explanation::read(&fs::read(seeds.join(name)).unwrap()).unwrap()
}

#[test]
fn the_table_the_json_and_the_stacks_match_their_golden_files() {
    let (kprobe, other, deny) = (measured("kprobe"), measured("other-kernel"), measured("deny"));
    let alone = ExplanationReport { of: &kprobe, against: None };
    insta::assert_snapshot!("explain-text", text(&alone));
    insta::assert_snapshot!("explain-json", json(&alone));
    insta::assert_snapshot!("explain-refused", text(&ExplanationReport { of: &deny, against: None }));
    let kernels = ExplanationReport { of: &other, against: Some(&kprobe) };
    insta::assert_snapshot!("explain-kernels", text(&kernels));
    let monitors = ExplanationReport { of: &deny, against: Some(&kprobe) };
    insta::assert_snapshot!("explain-monitors", text(&monitors));
    let same = ExplanationReport { of: &kprobe, against: Some(&kprobe) };
    insta::assert_snapshot!("explain-same", text(&same));
    for file in folded::files(&alone) {
        insta::assert_snapshot!(format!("explain-{}", file.name), file.content);
    }
}

#[test]
fn the_page_has_the_table_of_the_terminal_and_all_flame_graphs() {
    let (kprobe, deny) = (measured("kprobe"), measured("deny"));
    for against in [None, Some(&kprobe)] {
        let report = ExplanationReport { of: &deny, against };
        let page = html::render(&report).unwrap();
        assert!(page.contains(&format!("<h1>{}</h1>", phrases::headline(&report))), "{page}");
        assert_eq!(page.matches("<iframe").count(), 3);
        let rows = page.matches("<th class=\"t function\"").count();
        assert_eq!(rows, phrases::functions(&report).len());
        for link in ["src=", "<link", "@import", "url(#", "fetch("] {
            let outside = page.replace("fill=&quot;url(#background)", "");
            assert!(!outside.contains(link), "{link}");
        }
        assert_eq!(page, html::render(&report).unwrap());
    }
}

#[test]
fn an_operation_without_a_hook_has_no_picture_of_it() {
    let json = r#"{"format":1,"cell":{"kernel":"6.1","target":"tcg","workload":"null-syscall","params":{},
        "schedule":"paced","monitor":"kprobe+count"},"share":{"operations":1,"of":1},
        "names":["[user]","do_syscall_64"],"frames":[{"name":0,"operation":3,"reference":3},
        {"caller":0,"name":1,"operation":9,"reference":10,"parts":{"indirect":-1}}]}"#;
    let nothing = explanation::read(json.as_bytes()).unwrap();
    let report = ExplanationReport { of: &nothing, against: None };
    assert_eq!(flames::hook(&report).unwrap().into_string(), "");
    assert_eq!(html::render(&report).unwrap().matches("<iframe").count(), 2);
    assert_eq!(phrases::sentences(&report)[1], "The hook adds 0, side effects save 1.");
}

/// Shows the page in two frames and waits until all pictures fill them. Writes what is wrong.
const SCRIPT: &str = r##"
const wrong = [];
const check = (frame, width) => {
  const page = frame.contentDocument;
  if (page.documentElement.scrollWidth > width) wrong.push(`overflow at ${width}`);
  const pictures = [...page.querySelectorAll("iframe")];
  if (pictures.length !== 3) wrong.push(`${pictures.length} pictures at ${width}`);
  for (const picture of pictures) {
    const svg = picture.contentDocument.querySelector("svg");
    const frames = svg.querySelector("#frames");
    const room = picture.clientWidth;
    if (Math.abs(Number(frames.getAttribute("width")) - (room - 20)) > 1)
      wrong.push(`a picture is ${frames.getAttribute("width")} wide in ${room} at ${width}`);
    if (picture.contentDocument.documentElement.scrollHeight > picture.clientHeight) wrong.push(`cut at ${width}`);
    const last = frames.lastElementChild;
    last.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    if (picture.contentDocument.querySelector("#unzoom.hide")) wrong.push(`no zoom at ${width}`);
  }
};
addEventListener("load", () => setTimeout(() => {
  for (const width of [375, 1280]) check(document.getElementById(`w${width}`), width);
  document.getElementById("findings").textContent = wrong.join("\n") || "fine";
}, 1000));
"##;

#[test]
fn the_pictures_fit_the_page_on_a_phone_and_on_a_desktop() {
    let kprobe = measured("kprobe");
    let page = html::render(&ExplanationReport { of: &kprobe, against: None }).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("explain.html"), page).unwrap();
    let frame = |width: u32| {
        format!(
            "<iframe id=w{width} src=explain.html style='width:{width}px;height:1500px;border:0'></iframe>"
        )
    };
    let outer = format!(
        "<!DOCTYPE html><body>{}{}<pre id=\"findings\">nothing</pre><script>{SCRIPT}</script></body>",
        frame(375),
        frame(1280)
    );
    let path = folder.path().join("outer.html");
    fs::write(&path, outer).unwrap();
    let dom = dump_dom(&path, folder.path());
    assert!(dom.contains("<pre id=\"findings\">fine</pre>"), "{}", &dom[dom.find("findings").unwrap_or(0)..]);
}
