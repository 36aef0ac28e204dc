package cli

import (
	"bytes"
	"context"
	"strings"

	"cordon/examples"
	"cordon/internal/awssim"
	"cordon/internal/casefile"
	"cordon/internal/engine"
	"cordon/internal/finding"
)

// Instances of the demo account that the guard rails are shown on.
const (
	demoExempt  = "i-0a1b2c3d4e5f60011" // web-2
	demoAsked   = "i-0a1b2c3d4e5f60012" // batch-2
	demoFirst   = "i-0a1b2c3d4e5f60002" // batch-1
	demoSecond  = "i-0a1b2c3d4e5f60003" // db-1
	demoPerson  = "arn:aws:iam::111122223333:user/alice"
	demoExempts = "load test of team shop"
)

// exemptOne tags an instance as exempt, as a team would.
func exemptOne(a *awssim.Account) error {
	return a.Edit(awssim.DemoRegion, func(ed *awssim.Editor) error {
		ed.Tag(demoExempt, "cordon:exempt", demoExempts)
		return nil
	})
}

// guards shows what keeps Cordon from doing harm: an exemption, a person's yes, the circuit breaker.
func (d demo) guards(ctx context.Context) ([]caseJSON, error) {
	var shown []caseJSON
	answer := func(e *engine.Engine, instance, severity string) (casefile.Case, error) {
		d := d
		d.e = e
		f, err := demoFinding(instance, severity)
		if err != nil {
			return casefile.Case{}, err
		}
		out, err := d.respond(ctx, []finding.Finding{f})
		if err != nil {
			return casefile.Case{}, err
		}
		shown = append(shown, out.Cases...)
		if !d.json() {
			d.printCase(out.Cases[0])
		}
		return d.store.Case(ctx, out.Cases[0].ID)
	}

	d.chapter("An exemption: web-2 has the tag cordon:exempt. Evidence and a notice, nothing else.")
	if _, err := answer(d.e, demoExempt, "8"); err != nil {
		return nil, err
	}
	d.chapter("A person's yes: the finding's severity is medium, so the standard policy asks first. Then alice says yes: cordon approve CASE")
	c, err := answer(d.e, demoAsked, "5")
	if err != nil {
		return nil, err
	}
	if _, err := d.e.Approve(ctx, c.ID, true, "seen in the logs too"); err != nil {
		return nil, err
	}
	release := []string{c.ID}

	d.chapter("The circuit breaker: with policy.limits at one containment an hour, the second instance waits for a person. Denied: cordon deny CASE")
	for _, instance := range []string{demoFirst, demoSecond} {
		if c, err = answer(d.limited, instance, "8"); err != nil {
			return nil, err
		}
		if c.Status == casefile.AwaitingApproval {
			if _, err := d.limited.Approve(ctx, c.ID, false, "not ours"); err != nil {
				return nil, err
			}
			continue
		}
		release = append(release, c.ID)
	}
	d.chapter("Released again, too.")
	for _, id := range release {
		if _, err := d.e.Release(ctx, id, engine.ReleaseOptions{}); err != nil {
			return nil, err
		}
	}
	return shown, nil
}

// demoFinding is the example of a command-and-control finding on another instance.
func demoFinding(instance, severity string) (finding.Finding, error) {
	raw, err := examples.Findings.ReadFile("findings/ec2-c2.json")
	if err != nil {
		return finding.Finding{}, err
	}
	text := strings.NewReplacer(
		"c0de5eed000000000a1b2c3d4e5f0002", "9ad5"+strings.TrimPrefix(instance, "i-")+"00000000000"+severity,
		demoFirst, instance, `"severity": 8`, `"severity": `+severity,
	).Replace(string(raw))
	findings, err := finding.Decode(bytes.NewReader([]byte(text)))
	if err != nil {
		return finding.Finding{}, err
	}
	return findings[0], nil
}
