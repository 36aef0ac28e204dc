package notify

import (
	"fmt"
	"strings"
	"time"
)

// What this file gives may hold foreign text: addresses in it are defanged, but it is not escaped for any medium.

// fact is a labelled value of a notice.
type fact struct{ label, value string }

// list is a titled list of a notice.
type list struct {
	title string
	items []string
}

// verdict says in a few words what happened.
func verdict(n Notice) string {
	switch n.Event {
	case EventContained:
		return "Contained"
	case EventPartial:
		return "Contained in part"
	case EventFailed:
		return "NOT contained"
	case EventObserved:
		return "Observed only"
	case EventUnsupported:
		return "Not contained, no playbook"
	case EventReleased:
		if n.FalsePositive {
			return "Released as a false alarm"
		}
		return "Released"
	case EventRepeat:
		return "Seen again"
	case EventAwaitingApproval:
		return "Waiting for approval"
	case EventDrift:
		return "Containment has drifted"
	default:
		return string(n.Event)
	}
}

// severity is the band that GuardDuty's documentation gives a severity: "low" 1.0–3.9, "medium" 4.0–6.9, "high"
// 7.0–8.9, "critical" 9.0–10.0; "" for none.
func severity(s float64) string {
	switch {
	case s >= 9:
		return "critical"
	case s >= 7:
		return "high"
	case s >= 4:
		return "medium"
	case s > 0:
		return "low"
	default:
		return ""
	}
}

// headline is verdict, target and finding.
func headline(n Notice) string {
	h := verdict(n) + ": " + n.Target.ID
	if n.Type != "" {
		h += " (" + n.Type + ")"
	}
	return defang(h)
}

// The labels that channels treat in a way of their own: what they stand for is ours, and to be copied as it is.
const (
	labelEvidence = "Evidence"
	titleOpen     = "Still open"
	titleFailed   = "Failed"
	titleDone     = "Done"
	titleNext     = "Next"
)

// maxItems is how many items of a list are shown.
const maxItems = 15

// facts are at most ten: as many as Slack shows in one section.
func facts(n Notice) []fact {
	all := []fact{
		{"Target", strings.TrimSpace(string(n.Target.Kind) + " " + n.Target.ID)},
		{"Where", join(", ", n.Target.Account, n.Target.Region)},
		{"Finding", n.Type},
		{"Severity", severityWords(n)},
		{"Case", join(", ", n.Case, n.Status)},
		{"Reason", n.Reason},
		{"Contained", after(n.ContainedAfter)},
		{labelEvidence, evidence(n)},
		{"Ticket", n.Ticket},
		{"Time", n.At.UTC().Format("2006-01-02 15:04:05 UTC")},
	}
	var have []fact
	for _, f := range all {
		if f.value == "" {
			continue
		}
		if f.label != labelEvidence {
			f.value = defang(f.value)
		}
		have = append(have, f)
	}
	return have
}

// lists are what is open, failed, done and to do next, without the empty ones.
func lists(n Notice) []list {
	var have []list
	for _, l := range []list{{titleOpen, n.Residual}, {titleFailed, n.Failed}, {titleDone, n.Done}, {titleNext, n.Next}} {
		if len(l.items) > 0 {
			l.items = atMost(l.items, maxItems)
			for i := range l.items {
				if l.title != titleNext {
					l.items[i] = defang(l.items[i])
				}
			}
			have = append(have, l)
		}
	}
	return have
}

// foreign is the finding's own text: title and description.
func foreign(n Notice) string { return defang(join("\n", n.Title, n.Description)) }

func severityWords(n Notice) string {
	var s string
	if n.Severity > 0 {
		s = fmt.Sprintf("%.1f (%s)", n.Severity, severity(n.Severity))
	}
	if n.Count > 1 {
		s = join(", ", s, fmt.Sprintf("seen %d times", n.Count))
	}
	return s
}

func after(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	return "after " + max(d.Round(time.Millisecond), time.Millisecond).String()
}

func evidence(n Notice) string {
	switch n.Evidence {
	case 0:
		return ""
	case 1:
		return join(" in ", "1 piece", n.EvidenceURI)
	default:
		return join(" in ", fmt.Sprintf("%d pieces", n.Evidence), n.EvidenceURI)
	}
}

// join joins the parts that are not empty.
func join(sep string, parts ...string) string {
	var have []string
	for _, p := range parts {
		if p != "" {
			have = append(have, p)
		}
	}
	return strings.Join(have, sep)
}
