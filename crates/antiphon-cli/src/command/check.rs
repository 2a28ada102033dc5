//! `antiphon check`.
//!
//! The work is done by `config/check.rs`, which `antiphon run` uses as well, so that both find the same. The findings
//! are this command's data and go to stdout; the sum is said on stderr.

use crate::{
    args::Check,
    config::check::{self, Checked},
    failure::{Exit, Failure},
    finding::{Code, Finding, Severity},
    output::{Form, Output, Paint, say},
};

/// # Errors
/// An unknown code for `--explain`. Findings are no errors of the command: its exit code tells of them.
pub(crate) fn check(args: &Check) -> anyhow::Result<Exit> {
    let mut output = Output::stdout(args.shape.output);
    if let Some(word) = &args.explain {
        explain(&mut output, word)?;
        return Ok(Exit::Done);
    }
    let Checked { findings, more, .. } = check::whole(&args.config);
    for finding in &findings {
        print(&mut output, finding)?;
    }
    output.flush()?;
    if output.form() == Form::Text {
        say(sum(&findings, more, &args.config.display().to_string()));
    }
    Ok(exit(&findings, args.strict))
}

/// Prints a finding: where and what on one line, the way out beneath.
pub(crate) fn print(output: &mut Output, finding: &Finding) -> anyhow::Result<()> {
    if output.form() == Form::Json {
        return output.json(&finding.row());
    }
    let at = finding.at.as_ref().map(|at| format!("{at}: "));
    output.painted(&[
        (Paint::No, &at.unwrap_or_default()),
        (Paint::Bold, finding.severity().word()),
        (Paint::No, ": "),
        (Paint::No, &finding.message),
        (Paint::Faint, &format!(" [{}]", finding.code.word())),
    ])?;
    if let Some(cause) = &finding.cause {
        output.line(format_args!("  cause: {cause}"))?;
    }
    output.line(format_args!("  hint: {}", finding.way_out()))
}

/// The findings in numbers.
fn sum(findings: &[Finding], more: usize, file: &str) -> String {
    if findings.is_empty() {
        return format!("no mistakes in {file}");
    }
    let of = |severity: Severity| {
        let is_one = |finding: &&Finding| finding.severity() == severity;
        let count = findings.iter().filter(is_one).count();
        let plural = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{count} {}{plural}", severity.word()))
    };
    let mut counts: Vec<_> = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .filter_map(of)
        .collect();
    if more > 0 {
        counts.push(format!("{more} more that are not shown"));
    }
    format!("{} in {file}", counts.join(", "))
}

/// 2 if there are errors, 1 for warnings if they count, and else 0.
fn exit(findings: &[Finding], is_strict: bool) -> Exit {
    match findings.iter().map(Finding::severity).min() {
        Some(Severity::Error) => Exit::Usage,
        Some(Severity::Warning) if is_strict => Exit::Failed,
        _ => Exit::Done,
    }
}

/// Prints the entry of a code.
fn explain(output: &mut Output, word: &str) -> anyhow::Result<()> {
    let Some(code) = Code::ALL.iter().find(|code| code.word() == word) else {
        let words: Vec<_> = Code::ALL.iter().map(|code| code.word()).collect();
        let error = Failure::usage(format!("there is no code `{word}`"));
        return Err(error
            .hint(match antiphon_sim::nearest_word(word, &words) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "docs/troubleshooting.md has all codes".to_owned(),
            })
            .into());
    };
    match output.form() {
        Form::Json => output.json(&code.entry())?,
        Form::Text => {
            output.painted(&[
                (Paint::Bold, code.word()),
                (Paint::No, &format!(" ({})", code.severity().word())),
            ])?;
            output.line(code.meaning())?;
            output.line(format_args!("hint: {}", code.way_out()))?;
        }
    }
    output.flush()
}
