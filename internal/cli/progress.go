package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"charm.land/lipgloss/v2"
	"golang.org/x/term"

	"cordon/internal/action"
	"cordon/internal/casefile"
	"cordon/internal/engine"
)

// progress prints events to w as they happen, a line each; colours only in a terminal. Quiet gives nil.
func (a *app) progress(w io.Writer) func(engine.Event) {
	if a.quiet {
		return nil
	}
	s := newStyles(w)
	width := columns(w)
	var mu sync.Mutex
	return func(e engine.Event) {
		if e.Status == string(action.Doing) {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		if e.Action == "" {
			fmt.Fprintf(w, "%s %s %s %s\n", s.dim.Render("case"), e.Case, s.status(e.Status), s.dim.Render(cut(line(e.Text), width-8-len(e.Case)-len(e.Status))))
			return
		}
		fmt.Fprintf(w, "  %s  %s %-34s %s\n", s.dim.Render(fmt.Sprintf("%8s", took(e.Took))), s.mark(e.Status), e.Action, s.dim.Render(cut(line(e.Text), width-60)))
	}
}

// file is the file behind w.
func file(w io.Writer) (*os.File, bool) {
	if o, ok := w.(*watched); ok {
		w = o.w
	}
	f, ok := w.(*os.File)
	return f, ok
}

// columns is the width of the terminal behind w; what is no terminal takes long lines.
func columns(w io.Writer) int {
	if f, ok := file(w); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil {
			return max(n, 64)
		}
	}
	return 200
}

// took is a duration for people: "0.213 s".
func took(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }

// styles are the terminal's; without a terminal they leave text as it is.
type styles struct {
	plain                        bool
	good, warn, bad, dim, strong lipgloss.Style
}

func newStyles(w io.Writer) styles {
	f, isFile := file(w)
	if !isFile || !term.IsTerminal(int(f.Fd())) || os.Getenv("NO_COLOR") != "" {
		none := lipgloss.NewStyle()
		return styles{true, none, none, none, none, none}
	}
	colour := func(c string) lipgloss.Style { return lipgloss.NewStyle().Foreground(lipgloss.Color(c)) }
	return styles{false, colour("2"), colour("3"), colour("1").Bold(true), colour("8"), lipgloss.NewStyle().Bold(true)}
}

// mark is a step's status as one character, and in plain text as a word, so that nothing hangs on a symbol.
func (s styles) mark(status string) string {
	style, sign := s.dim, "–"
	switch action.Status(status) {
	case action.Done:
		style, sign = s.good, "✓"
	case action.Undone:
		style, sign = s.good, "↩"
	case action.Failed, action.Conflict:
		style, sign = s.bad, "✗"
	case action.Waiting:
		style, sign = s.warn, "…"
	}
	return style.Render(sign + " " + pad(status, 8))
}

func (s styles) status(status string) string {
	switch casefile.Status(status) {
	case casefile.Contained, casefile.Released:
		return s.good.Render(status)
	case casefile.Failed:
		return s.bad.Render(strings.ToUpper(status))
	case casefile.Partial, casefile.AwaitingApproval, casefile.Unsupported:
		return s.warn.Render(status)
	default:
		return status
	}
}

func pad(s string, n int) string { return fmt.Sprintf("%-*s", n, s) }
