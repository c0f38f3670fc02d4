use std::io::Write;
fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = s.rsplit(") ").next().unwrap().split(' ').collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let raw = std::fs::read_to_string(&a[1]).unwrap();
    let recs: Vec<(String, String)> = if a[1].ends_with("txt") {
        vec![("\"x\"".into(), raw.clone())]
    } else {
        raw.lines()
            .map(|l| {
                let v: serde_json::Value = serde_json::from_str(l).unwrap();
                (v["id"].to_string(), v["text"].as_str().unwrap().to_string())
            })
            .collect()
    };
    drop(raw);
    let bytes: usize = recs.iter().map(|r| r.1.len()).sum();
    let texts: Vec<(&str, &str)> = recs.iter().map(|r| (r.0.as_str(), r.1.as_str())).collect();
    let mut o = twicetold::FindOptions::default();
    o.pairs = true;
    o.scope = match a.get(3).map(String::as_str) {
        Some("within") => twicetold::options::find::Scope::Within,
        Some("all") => twicetold::options::find::Scope::All,
        _ => twicetold::options::find::Scope::Across,
    };
    let t = std::time::Instant::now();
    let c = cpu();
    let f = if std::env::var("BOTH").is_ok() {
        o.reworded = true;
        twicetold::find(&texts, &o).unwrap()
    } else {
        twicetold::run::reworded::find(&texts, &o).unwrap()
    };
    let e = t.elapsed();
    let c = cpu() - c;
    eprintln!(
        "{:?} cpu {:.2} s, {:.1} MB, {:.1} MB/s of cpu, {} pairs {:?}",
        e,
        c,
        bytes as f64 / 1e6,
        bytes as f64 / 1e6 / c,
        f.pairs.len(),
        f.summary
    );
    let mut w = std::io::BufWriter::new(std::fs::File::create(&a[2]).unwrap());
    for c in &f.clusters {
        let occ: Vec<String> = c.occurrences.iter().map(|o| format!("{{\"document\":{},\"start\":{},\"end\":{},\"line\":{},\"score\":[{},{}],\"leader\":{}}}", texts[o.document as usize].0, o.span.start, o.span.end, o.line, o.score.matches, o.score.columns, o.leader)).collect();
        writeln!(w, "{{\"type\":\"cluster\",\"id\":{},\"kind\":\"{:?}\",\"words\":{},\"parent\":{},\"occurrences\":[{}]}}", c.id, c.kind, c.words, c.parent.unwrap_or(0), occ.join(",")).unwrap();
    }
    for p in &f.pairs {
        writeln!(w, "{{\"type\":\"match\",\"cluster\":{},\"a\":{{\"document\":{},\"start\":{},\"end\":{}}},\"b\":{{\"document\":{},\"start\":{},\"end\":{}}},\"score\":[{},{}]}}", p.cluster, texts[p.a.0 as usize].0, p.a.1.start, p.a.1.end, texts[p.b.0 as usize].0, p.b.1.start, p.b.1.end, p.score.matches, p.score.columns).unwrap();
    }
}
