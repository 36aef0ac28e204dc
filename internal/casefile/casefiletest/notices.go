package casefiletest

import (
	"testing"
	"time"

	"cordon/internal/action"
	"cordon/internal/casefile"
)

func suppressed(t *testing.T, s casefile.Store) {
	target := opening("c-1", "i-1", "f-1", 1).Target
	other := opening("c-1", "i-2", "f-1", 1).Target
	p := casefile.Suppression{Target: target, Finding: "f-1", Case: "c-1", By: "tester", Until: epoch.Add(time.Hour)}
	must(t, s.Suppress(t.Context(), p))
	for name, tt := range map[string]struct {
		finding string
		target  casefile.Suppression
		at      time.Time
		want    bool
	}{
		"in force":       {"f-1", p, epoch, true},
		"over":           {"f-1", p, p.Until, false},
		"other finding":  {"f-2", p, epoch, false},
		"another target": {"f-1", casefile.Suppression{Target: other}, epoch, false},
	} {
		got, ok, err := s.Suppressed(t.Context(), tt.target.Target, tt.finding, tt.at)
		must(t, err)
		if ok != tt.want {
			t.Errorf("%s: suppressed is %v", name, ok)
		}
		if ok {
			same(t, name, got, p)
		}
	}
	p.Until = epoch.Add(2 * time.Hour)
	must(t, s.Suppress(t.Context(), p))
	if _, ok, err := s.Suppressed(t.Context(), target, "f-1", epoch.Add(90*time.Minute)); err != nil || !ok {
		t.Errorf("a later suppression does not replace the earlier: %v, %v", ok, err)
	}
}

func unsent(t *testing.T, s casefile.Store) {
	opened(t, s, "c-1", "i-1")
	opened(t, s, "c-2", "i-2")
	for i, r := range []action.Record{
		{Case: "c-2", Action: "notify.sns/1", Status: action.Waiting},
		{Case: "c-1", Action: "notify.jira/1", Status: action.Doing},
		{Case: "c-1", Action: "notify.slack/1", Status: action.Done},
		{Case: "c-1", Action: "ec2.tag", Status: action.Doing},
		{Case: "c-1", Action: "notify.sns/2", Status: action.Failed},
	} {
		r.Started = epoch.Add(time.Duration(i) * time.Second)
		_, err := s.SaveRecord(t.Context(), r)
		must(t, err)
	}
	records, err := s.Unsent(t.Context())
	must(t, err)
	var got []string
	for _, r := range records {
		got = append(got, r.Case+" "+r.Action)
	}
	same(t, "unsent", got, []string{"c-2 notify.sns/1", "c-1 notify.jira/1", "c-1 notify.sns/2"})
	sent := records[0]
	sent.Status = action.Done
	_, err = s.SaveRecord(t.Context(), sent)
	must(t, err)
	if records, err = s.Unsent(t.Context()); err != nil || len(records) != 2 {
		t.Errorf("after sending: %d unsent, %v", len(records), err)
	}
}
