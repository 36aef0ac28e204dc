package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Conditions are a rule's, in words, in the order in which they are documented.
func (r Rule) Conditions() []string {
	out := []string{}
	m := r.Match
	if m == nil {
		m = &Match{}
	}
	add := func(what string, values []string) {
		if len(values) > 0 {
			out = append(out, what+" "+strings.Join(values, " or "))
		}
	}
	add("type", m.Types)
	if s := m.Severity; s != nil {
		for _, b := range s.Bands {
			add("severity", []string{string(b)})
		}
		out = append(out, bounds("severity", s.Min, s.Max)...)
	}
	add("account", m.Accounts)
	add("Region", m.Regions)
	add("kind", m.Kinds)
	add("resource", m.Resources)
	out = append(out, m.Tags.conditions()...)
	if m.Count != nil {
		out = append(out, bounds("count", m.Count.Min, m.Count.Max)...)
	}
	if m.Age != nil {
		out = append(out, bounds("age", m.Age.Min, m.Age.Max)...)
	}
	if m.Role != "" {
		out = append(out, "role "+string(m.Role))
	}
	if m.Time != nil {
		out = append(out, m.Time.String())
	}
	if len(out) == 0 {
		out = append(out, "everything")
	}
	for _, id := range slices.Sorted(maps.Keys(r.Steps)) {
		if !r.Steps[id] {
			out = append(out, "without "+id)
		}
	}
	return out
}

// Conditions are what an exemption is for, in words.
func (e Exemption) Conditions() []string {
	out := []string{}
	if e.ID != "" {
		out = append(out, "resource "+e.ID)
	}
	if e.Account != "" {
		out = append(out, "account "+e.Account)
	}
	return append(out, e.Tags.conditions()...)
}

func (t Tags) conditions() (out []string) {
	for _, key := range slices.Sorted(maps.Keys(t)) {
		out = append(out, "tag "+key+"="+t[key])
	}
	return out
}

// String is the times in words: "sat, sun from 22:00 to 06:00 Europe/Berlin".
func (h Hours) String() string {
	var parts []string
	var days []string
	for _, d := range h.Days {
		days = append(days, string(d))
	}
	if len(days) > 0 {
		parts = append(parts, strings.Join(days, ", "))
	}
	if h.From != 0 {
		parts = append(parts, "from "+h.From.String()+" to "+h.To.String())
	}
	zone := h.Zone
	if zone == "" {
		zone = "UTC"
	}
	return strings.Join(append(parts, zone), " ")
}

func bounds[T any](what string, least, most *T) (out []string) {
	if least != nil {
		out = append(out, fmt.Sprintf("%s at least %v", what, *least))
	}
	if most != nil {
		out = append(out, fmt.Sprintf("%s at most %v", what, *most))
	}
	return out
}
