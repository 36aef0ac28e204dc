package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cordon/internal/config"
)

// matched is how a rule's conditions fare.
type matched struct {
	held    int
	failed  []string // why, for people
	unknown bool     // only the tags stand against it, and they are not known
}

func (m matched) yes() bool { return len(m.failed) == 0 && !m.unknown }

// nearly says whether all conditions but one hold, of two at least.
func (m matched) nearly() bool { return len(m.failed) == 1 && m.held > 0 }

func (m *matched) add(holds bool, why string, args ...any) {
	if holds {
		m.held++
	} else {
		m.failed = append(m.failed, fmt.Sprintf(why, args...))
	}
}

// match holds a rule's conditions against the input.
func match(in Input, r config.Rule) matched {
	var m matched
	c, f, t := r.Match, in.Finding, in.Target
	if c == nil {
		return m
	}
	if c.Types != nil {
		acts := Outcome(r.Then).acts()
		m.add(slices.ContainsFunc(c.Types, func(glob string) bool { return sameType(glob, f, acts) }), "the type %s is none of %s", f.Type, list(c.Types))
	}
	if c.Severity != nil {
		m.add(c.Severity.Has(f.Severity), "the severity is %s, not %s", rated(f.Severity), wanted(*c.Severity))
	}
	m.any(c.Accounts, t.Account, "account")
	m.any(c.Regions, t.Region, "Region")
	m.any(c.Kinds, string(t.Kind), "kind")
	m.any(c.Resources, t.ID, "resource")
	if c.Count != nil {
		m.add((c.Count.Min == nil || f.Count >= *c.Count.Min) && (c.Count.Max == nil || f.Count <= *c.Count.Max), "the finding was seen %d times", f.Count)
	}
	if c.Age != nil {
		m.age(in, *c.Age)
	}
	if c.Role != "" {
		m.add(strings.EqualFold(f.ResourceRole, string(c.Role)), "the resource's role is %q, not %s", strings.ToLower(f.ResourceRole), c.Role)
	}
	if c.Time != nil {
		m.add(within(*c.Time, in.Now), "the time is outside of the rule's hours")
	}
	if c.Tags != nil {
		m.tags(in, c.Tags)
	}
	return m
}

// any is a condition of globs, of which one has to match; none at all always holds.
func (m *matched) any(globs config.Globs, have, what string) {
	if globs != nil {
		m.add(slices.ContainsFunc(globs, func(glob string) bool { return Glob(glob, have) }), "the %s %s is none of %s", what, have, list(globs))
	}
}

func (m *matched) age(in Input, want config.Age) {
	since := in.Finding.FirstSeen
	if since.IsZero() {
		since = in.Finding.CreatedAt
	}
	if since.IsZero() {
		m.add(false, "the finding does not say when it was first seen")
		return
	}
	age := max(in.Now.Sub(since), 0)
	m.add((want.Min == nil || age >= time.Duration(*want.Min)) && (want.Max == nil || age <= time.Duration(*want.Max)),
		"the finding was first seen %s ago", config.Duration(age.Round(time.Second)))
}

func (m *matched) tags(in Input, want config.Tags) {
	have, known := in.tags()
	if !known {
		m.unknown = len(m.failed) == 0
		if !m.unknown {
			m.failed = append(m.failed, "the tags are not known")
		}
		return
	}
	why, ok := carries(have, want)
	m.add(ok, "%s", why)
}

// carries says whether tags are as wanted, and else which is not.
func carries(have map[string]string, want config.Tags) (why string, ok bool) {
	for _, key := range slices.Sorted(maps.Keys(want)) {
		value, there := have[key]
		switch {
		case !there:
			return fmt.Sprintf("the tag %s is missing", key), false
		case !Glob(want[key], value):
			return fmt.Sprintf("the tag %s is %q, not %s", key, value, want[key]), false
		}
	}
	return "", true
}

// within says whether a moment is within the hours. A span past midnight belongs to the day on which it began.
func within(h config.Hours, now time.Time) bool {
	zone, err := time.LoadLocation(h.Zone)
	if err != nil {
		return false // the configuration was not checked
	}
	now = now.In(zone)
	minute, day := now.Hour()*60+now.Minute(), now.Weekday()
	if h.From != 0 {
		from, to := h.From.Minutes(), h.To.Minutes()
		switch {
		case from < to && (minute < from || minute >= to):
			return false
		case from > to && minute < from && minute >= to:
			return false
		case from > to && minute < to:
			day = (day + 6) % 7
		}
	}
	return len(h.Days) == 0 || slices.Contains(h.Days, config.Days()[day])
}

func rated(severity float64) string {
	if band := config.BandOf(severity); band != "" {
		return fmt.Sprintf("%g (%s)", severity, band)
	}
	return "not given"
}

func wanted(s config.Severity) string {
	var parts []string
	for _, band := range s.Bands {
		parts = append(parts, string(band))
	}
	if s.Min != nil {
		parts = append(parts, fmt.Sprintf("%g or more", *s.Min))
	}
	if s.Max != nil {
		parts = append(parts, fmt.Sprintf("%g or less", *s.Max))
	}
	if len(s.Bands) == 0 {
		return strings.Join(parts, " and ")
	}
	return strings.Join(parts, " or ")
}

// list names at most four globs.
func list(globs []string) string {
	if len(globs) > 4 {
		return strings.Join(globs[:4], ", ") + fmt.Sprintf(" and %d more", len(globs)-4)
	}
	return strings.Join(globs, ", ")
}
