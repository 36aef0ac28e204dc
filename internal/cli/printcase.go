package cli

import (
	"fmt"
	"strings"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
)

// printCase prints a case for people, in 80 columns.
func (a *app) printCase(c caseJSON) {
	s := newStyles(a.Out)
	p := func(format string, args ...any) { fmt.Fprintf(a.Out, format+"\n", args...) }
	p("")
	p("%s  %s", s.strong.Render("Case "+c.ID), s.status(string(c.Status)))
	p("  target     %s", line(c.Target.String()))
	for _, f := range c.Findings {
		a.wrapped("  finding    ", fmt.Sprintf("%s, severity %g, seen %s", f.Type, f.Severity, times(f.Count)))
	}
	if c.ContainedAfterMS != nil {
		p("  contained  %s after the finding was read", took(time.Duration(*c.ContainedAfterMS)*time.Millisecond))
	}
	if c.Ticket != "" {
		p("  ticket     %s", line(c.Ticket))
	}
	if len(c.Linked) > 0 {
		a.wrapped("  linked     ", strings.Join(c.Linked, ", "))
	}
	if c.Reason != "" {
		a.wrapped("  reason     ", c.Reason)
	}
	label := "  approval   "
	for _, text := range approvalLines(c) {
		a.wrapped(label, text)
		label = "             "
	}
	for _, text := range c.Drift {
		a.wrapped("  drifted    ", text+" (cordon verify "+c.ID+")")
	}
	for _, text := range c.Concerns {
		a.wrapped("  concern    ", text)
	}
	if len(c.Steps) > 0 {
		p("")
	}
	for _, step := range c.Steps {
		p("  %s %s", s.mark(string(step.Status)), step.Action)
		for _, text := range []string{step.Error, step.Reason} {
			if text != "" {
				a.wrapped("             ", text)
			}
		}
	}
	if len(c.Residual) > 0 {
		p("\n  %s", s.warn.Render("What may still get through:"))
		for _, r := range c.Residual {
			a.wrapped("  - ", r)
		}
	}
	if len(c.Evidence) > 0 {
		p("\n  Evidence: %d pieces, %d bytes, in\n    %s", len(c.Evidence), total(c.Evidence), folder(c.Evidence[0].URI))
	}
	if next := nextSteps(c); len(next) > 0 {
		p("\n  Next:")
		for _, n := range next {
			a.wrapped("    ", n)
		}
	}
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

func total(evidence []action.Artifact) (n int64) {
	for _, e := range evidence {
		n += e.Bytes
	}
	return n
}

// folder is the case's part of the vault: everything up to the first piece's own name.
func folder(uri string) string {
	if i := strings.Index(uri, "/c-"); i >= 0 {
		if j := strings.Index(uri[i+1:], "/"); j >= 0 {
			return line(uri[:i+1+j+1])
		}
	}
	return line(uri)
}

// nextSteps says what a person does now, a command a line.
func nextSteps(c caseJSON) []string {
	release := "cordon release " + c.ID
	switch {
	case c.Releasing:
		return []string{release + "   goes on with the release", "what someone else has changed since: settle it by hand first, or put it back all the same: " + release + " --force"}
	case c.Status == casefile.Contained:
		return []string{"cordon verify " + c.ID, "a false alarm: " + release + " --false-positive"}
	case c.Status == casefile.Partial:
		return []string{"mend what failed, then answer the finding again: cordon respond FILE", "or: " + release}
	case c.Status == casefile.Failed:
		return []string{"the target is NOT contained: mend the cause and answer the finding again, or act by hand"}
	case c.Status == casefile.AwaitingApproval && c.Approval != nil && c.Approval.Outcome == "":
		return []string{"cordon approve " + c.ID, "cordon deny " + c.ID}
	case c.Status == casefile.AwaitingApproval:
		return []string{"answer the finding again: cordon respond FILE"}
	case c.Status == casefile.Unsupported:
		return []string{"respond by hand, as the reason says"}
	default:
		return nil
	}
}

// wrapped prints text in 80 columns behind an indent; the first line has the label. Every further line is indented, so that
// foreign text begins none.
func (a *app) wrapped(label, text string) {
	width := 80 - max(2, len([]rune(label)))
	indent := strings.Repeat(" ", max(2, len([]rune(label))))
	current := ""
	for _, word := range strings.Fields(line(text)) {
		if current != "" && len([]rune(current))+1+len([]rune(word)) > width {
			fmt.Fprintln(a.Out, label+current)
			label, current = indent, ""
		}
		if current != "" {
			current += " "
		}
		current += word
	}
	fmt.Fprintln(a.Out, label+current)
}
