package cli

import (
	"context"
	"fmt"

	"cordon/internal/casefile"
	"cordon/internal/engine"
)

// verification is one case's in JSON.
type verification struct {
	Case caseJSON `json:"case"`
	engine.Verification

	Error string `json:"error,omitempty"` // why it could not be verified to the end
}

// verifyAll verifies every open case that contains something; the exit code is the worst.
func (a *app) verifyAll(ctx context.Context, e *engine.Engine, store casefile.Store) error {
	all, err := e.VerifyAll(ctx)
	if err != nil {
		return err
	}
	code := exitDone
	out := struct {
		Verifications []verification `json:"verifications"`
	}{[]verification{}}
	for _, v := range all {
		cj, err := withRecords(ctx, store, v.Case)
		if err != nil {
			return err
		}
		text := ""
		switch {
		case v.Err != nil:
			c, _ := classify(v.Err)
			code, text = worst(code, c), v.Err.Error()
		case !v.Holds:
			code = worst(code, exitPartial)
		}
		out.Verifications = append(out.Verifications, verification{cj, v.Verification, text})
	}
	if a.json() {
		err = a.printJSON(out)
	} else {
		a.printVerifications(out.Verifications)
	}
	if err != nil || code == exitDone {
		return err
	}
	return &exitError{code: code}
}

// printVerifications prints a line a case.
func (a *app) printVerifications(all []verification) {
	if len(all) == 0 {
		fmt.Fprintln(a.Out, "No open case contains anything.")
		return
	}
	s := newStyles(a.Out)
	for _, v := range all {
		mark, text := s.good.Render("✓ holds  "), fmt.Sprintf("%d steps, %d pieces of evidence", len(v.Checked), v.Evidence)
		switch {
		case v.Error != "":
			mark, text = s.bad.Render("✗ unknown"), v.Error
		case len(v.Drift) > 0:
			mark, text = s.bad.Render("✗ drifted"), firstTrouble(v)
		case !v.Holds:
			mark, text = s.bad.Render("✗ spoilt "), firstTrouble(v)
		}
		fmt.Fprintf(a.Out, "%s  %s  %-11s  %s  %s\n", mark, v.Case.ID, line(string(v.Case.Status)), line(v.Case.Target.ID), line(text))
	}
}

// firstTrouble is the first of what does not hold, and how much more there is.
func firstTrouble(v verification) string {
	var first string
	n := len(v.Drift) + len(v.Problems)
	if len(v.Drift) > 0 {
		first = v.Drift[0].Action + ": " + v.Drift[0].Text
	} else {
		first = "evidence " + v.Problems[0].Name + ": " + v.Problems[0].Text
	}
	if n > 1 {
		first += fmt.Sprintf(" (and %d more: cordon verify %s)", n-1, v.Case.ID)
	}
	return first
}
