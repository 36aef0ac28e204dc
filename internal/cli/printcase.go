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
		p("  finding    %s", line(fmt.Sprintf("%s, severity %g, seen %d times", f.Type, f.Severity, f.Count)))
	}
	if c.ContainedAfterMS != nil {
		p("  contained  %s after the finding was read", took(time.Duration(*c.ContainedAfterMS)*time.Millisecond))
	}
	if c.Reason != "" {
		a.wrapped("  reason     ", c.Reason)
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
		p("\n  Evidence: %d pieces, %d bytes, in %s", len(c.Evidence), total(c.Evidence), folder(c.Evidence[0].URI))
	}
	if next := nextStep(c); next != "" {
		p("\n  Next: %s", next)
	}
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

// nextStep says what a person does now.
func nextStep(c caseJSON) string {
	switch c.Status {
	case casefile.Contained:
		return fmt.Sprintf("cordon verify %s; a false alarm: cordon release %s --false-positive", c.ID, c.ID)
	case casefile.Partial:
		return fmt.Sprintf("mend what failed and run respond again, or cordon release %s", c.ID)
	case casefile.Failed:
		return "the target is NOT contained: mend the cause and run respond again, or act by hand"
	case casefile.Unsupported:
		return "respond by hand: Cordon has no playbook for this kind of target yet"
	default:
		return ""
	}
}

// wrapped prints text in 80 columns behind an indent; the first line has the label.
func (a *app) wrapped(label, text string) {
	width := 80 - len([]rune(label))
	indent := strings.Repeat(" ", len([]rune(label)))
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
