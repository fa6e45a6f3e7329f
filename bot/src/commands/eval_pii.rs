//! `dealdesk eval pii`: how well personal data and secrets are found in labelled texts, and how fast in plain ones.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use agents::guardrail::{DEFAULT_THRESHOLD, Family, Finding, everything, scan};
use anyhow::Context;
use clap::Args;
use serde_json::Value;

/// Kinds with a structure of their own; in whole sentences only they are counted one by one.
const STRUCTURED: [&str; 8] = [
    "CREDIT_CARD",
    "EMAIL_ADDRESS",
    "IBAN_CODE",
    "IP_ADDRESS",
    "PHONE_NUMBER",
    "URL",
    "US_DRIVER_LICENSE",
    "US_SSN",
];

/// Measure how personal data and secrets are found.
#[derive(Debug, Args)]
pub(crate) struct Pii {
    /// Lines `{"text", "spans": [{"entity", "start", "end"}]}`, or `{"text", "label": 0 | 1}` for secrets; a line with
    /// `"judge": [entity]` counts those kinds only. Files that do not end in `.jsonl` are read as plain text: findings per
    /// 100 kB and MB/s.
    #[arg(long, required = true, num_args = 1..)]
    data: Vec<PathBuf>,
    /// Only what rules are sure of, as cards and notes are cleaned; else all that `dealdesk redact` prints.
    #[arg(long)]
    sure: bool,
    /// Print every miss and every finding too many.
    #[arg(long)]
    show: bool,
}

impl Pii {
    /// Prints exact recall and precision by kind, the share of personal characters masked, and secrets found.
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let mut out = io::stdout().lock();
        for file in &self.data {
            let text =
                std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            writeln!(out, "== {}", file.display())?;
            if file.extension().is_some_and(|kind| kind == "jsonl") {
                let mut score = Score::default();
                for (number, line) in text.lines().enumerate() {
                    let line = serde_json::from_str(line)
                        .with_context(|| format!("{}:{}", file.display(), number + 1))?;
                    add(&mut score, &line, self, &mut out)?;
                }
                print(&score, &mut out)?;
            } else {
                measure(&text, self, &mut out)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Default, Clone, Copy)]
struct Count {
    gold: usize,
    right: usize,
    found: usize,
}

#[derive(Default)]
struct Score {
    by_entity: BTreeMap<String, Count>,
    /// Characters of anything labelled, of anything masked, and of both.
    gold_chars: usize,
    masked_chars: usize,
    both_chars: usize,
    clean_lines: usize,
    flagged_clean_lines: usize,
    secret_lines: usize,
    found_secret_lines: usize,
}

fn add(score: &mut Score, line: &Value, options: &Pii, out: &mut impl Write) -> io::Result<()> {
    let text = line["text"].as_str().unwrap_or_default();
    let mut findings = if options.sure { scan(text) } else { everything(text) };
    findings.retain(|finding| !options.sure || finding.score >= DEFAULT_THRESHOLD);
    if let Some(label) = line["label"].as_i64() {
        return add_secret(score, (text, label == 1), &findings, options, out);
    }
    let judged: Vec<&str> =
        line["judge"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let counts = |entity: &str| {
        if judged.is_empty() { STRUCTURED.contains(&entity) } else { judged.contains(&entity) }
    };
    let gold: Vec<(&str, usize, usize)> =
        line["spans"].as_array().into_iter().flatten().map(span).filter(|s| counts(s.0)).collect();
    let found: Vec<(&str, usize, usize)> =
        findings.iter().filter(|f| counts(f.entity)).map(|f| (f.entity, f.start, f.end)).collect();
    score.mask(line, text, &findings);
    for span in &gold {
        let count = score.by_entity.entry(span.0.to_owned()).or_default();
        count.gold += 1;
        let is_right = found.contains(span);
        count.right += usize::from(is_right);
        if options.show && !is_right {
            writeln!(out, "MISSED {span:?} {:?} {}", excerpt(text, span.1, span.2), brief(&findings, span))?;
        }
    }
    for span in &found {
        score.by_entity.entry(span.0.to_owned()).or_default().found += 1;
        if options.show && !gold.contains(span) {
            writeln!(out, "EXTRA  {span:?} {:?}", excerpt(text, span.1, span.2))?;
        }
    }
    score.clean_lines += usize::from(gold.is_empty());
    score.flagged_clean_lines += usize::from(gold.is_empty() && !found.is_empty());
    Ok(())
}

impl Score {
    /// Counts characters, of whatever kind.
    fn mask(&mut self, line: &Value, text: &str, findings: &[Finding]) {
        let mut marks = vec![(false, false); text.chars().count()];
        for (_, start, end) in line["spans"].as_array().into_iter().flatten().map(span) {
            marks.iter_mut().take(end).skip(start).for_each(|mark| mark.0 = true);
        }
        for found in findings.iter().filter(|found| found.score >= DEFAULT_THRESHOLD) {
            marks[found.start..found.end].iter_mut().for_each(|mark| mark.1 = true);
        }
        self.gold_chars += marks.iter().filter(|mark| mark.0).count();
        self.masked_chars += marks.iter().filter(|mark| mark.1).count();
        self.both_chars += marks.iter().filter(|mark| mark.0 && mark.1).count();
    }
}

fn add_secret(
    score: &mut Score,
    (text, is_secret): (&str, bool),
    findings: &[Finding],
    options: &Pii,
    out: &mut impl Write,
) -> io::Result<()> {
    let secrets: Vec<&Finding> = findings.iter().filter(|f| f.family == Family::Secret).collect();
    let (lines, flagged) = if is_secret {
        (&mut score.secret_lines, &mut score.found_secret_lines)
    } else {
        (&mut score.clean_lines, &mut score.flagged_clean_lines)
    };
    *lines += 1;
    *flagged += usize::from(!secrets.is_empty());
    if options.show && secrets.is_empty() == is_secret {
        let names: Vec<_> = secrets.iter().map(|f| (f.entity, f.score)).collect();
        writeln!(
            out,
            "{} {:?} {names:?}",
            if is_secret { "MISSED" } else { "EXTRA " },
            excerpt(text, 0, 120)
        )?;
    }
    Ok(())
}

fn span(value: &Value) -> (&str, usize, usize) {
    let entity = match value["entity"].as_str().unwrap_or_default() {
        "DOMAIN_NAME" => "URL",
        other => other,
    };
    let number = |name: &str| value[name].as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or_default();
    (entity, number("start"), number("end"))
}

fn excerpt(text: &str, start: usize, end: usize) -> String {
    let from = start.saturating_sub(25);
    text.chars().skip(from).take(end - from + 12).collect()
}

fn brief(findings: &[Finding], span: &(&str, usize, usize)) -> String {
    let over = findings.iter().filter(|f| f.start < span.2 && span.1 < f.end);
    over.map(|f| format!("{} {}..{} {:.2} ", f.entity, f.start, f.end, f.score)).collect()
}

fn print(score: &Score, out: &mut impl Write) -> io::Result<()> {
    let mut total = Count::default();
    for (entity, count) in &score.by_entity {
        writeln!(out, "{entity:28} {}", figures(*count))?;
        total.gold += count.gold;
        total.right += count.right;
        total.found += count.found;
    }
    writeln!(out, "{:28} {}", "TOTAL", figures(total))?;
    let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
    writeln!(
        out,
        "characters of anything labelled, masked as anything: recall {:.3}, precision {:.3}",
        share(score.both_chars, score.gold_chars),
        share(score.both_chars, score.masked_chars)
    )?;
    writeln!(out, "lines without labels flagged {}/{}", score.flagged_clean_lines, score.clean_lines)?;
    writeln!(out, "secrets found {}/{}", score.found_secret_lines, score.secret_lines)
}

fn figures(count: Count) -> String {
    let share = |part: usize, whole: usize| if whole == 0 { 1.0 } else { part as f64 / whole as f64 };
    format!(
        "gold {:4} found {:4} exact recall {:.3} exact precision {:.3}",
        count.gold,
        count.found,
        share(count.right, count.gold),
        share(count.right, count.found)
    )
}

fn measure(text: &str, options: &Pii, out: &mut impl Write) -> io::Result<()> {
    // The first call compiles the patterns.
    let read = |chunk: &str| if options.sure { scan(chunk) } else { everything(chunk) };
    read("warm up 1 and call Anna");
    let begun = Instant::now();
    let mut findings: Vec<(&str, Finding)> = Vec::new();
    for chunk in text.split('\u{C}') {
        findings.extend(read(chunk).into_iter().map(|finding| (chunk, finding)));
    }
    let seconds = begun.elapsed().as_secs_f64();
    findings.retain(|(_, finding)| finding.score >= DEFAULT_THRESHOLD);
    let mut by_entity: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    for (chunk, finding) in &findings {
        *by_entity.entry((finding.entity, finding.family == Family::Secret)).or_default() += 1;
        if options.show {
            writeln!(
                out,
                "{} {:.2} {:?}",
                finding.entity,
                finding.score,
                excerpt(chunk, finding.start, finding.end)
            )?;
        }
    }
    for ((entity, is_secret), count) in &by_entity {
        let rate = *count as f64 * 100_000.0 / text.len() as f64;
        writeln!(
            out,
            "{entity:28} {count:6} {rate:8.3} in 100 kB{}",
            if *is_secret { " SECRET" } else { "" }
        )?;
    }
    writeln!(out, "{} bytes in {seconds:.3} s: {:.1} MB/s", text.len(), text.len() as f64 / 1e6 / seconds)
}
