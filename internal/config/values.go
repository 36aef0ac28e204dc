package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/goccy/go-yaml/ast"

	"cordon/internal/strict"
)

// Globs is a list of patterns, of which one has to match: never empty where it is given.
type Globs []string

// UnmarshalYAML reads a list of texts.
func (g *Globs) UnmarshalYAML(n ast.Node) error {
	list, err := strict.Texts(n)
	*g = list
	return err
}

// Tags are tags that a resource has to carry: key and glob of the value, never empty where they are given.
type Tags map[string]string

// UnmarshalYAML reads a mapping of texts.
func (t *Tags) UnmarshalYAML(n ast.Node) error {
	var m map[string]string
	if err := strict.Decode(n, &m); err != nil {
		return err
	}
	if len(m) == 0 {
		return errors.New("no tag is named; leave the key out")
	}
	for key := range m {
		if key == "" || len([]rune(key)) > 128 {
			return strict.In(errors.New("this is no key of a tag: 1 to 128 characters"), key)
		}
	}
	*t = m
	return nil
}

// Band is a severity by GuardDuty's name.
type Band string

// Bands lists the severities: Low is below 4, Medium below 7, High below 9, Critical 9 and more
// (https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html).
func Bands() []Band { return []Band{"low", "medium", "high", "critical"} }

// BandOf is the severity's name; "" for 0, which stands for "not given".
func BandOf(severity float64) Band {
	switch {
	case severity >= 9:
		return "critical"
	case severity >= 7:
		return "high"
	case severity >= 4:
		return "medium"
	case severity > 0:
		return "low"
	default:
		return ""
	}
}

// Severity is a condition on the severity: some names, or bounds, both included.
type Severity struct {
	Bands    []Band
	Min, Max *float64 // 0 to 10
}

// UnmarshalYAML reads a name, a list of names, or {min, max}.
func (s *Severity) UnmarshalYAML(n ast.Node) error {
	switch n.Type() {
	case ast.MappingType, ast.MappingValueType:
		var m struct {
			Min *float64 `yaml:"min"`
			Max *float64 `yaml:"max"`
		}
		if err := strict.Decode(n, &m); err != nil {
			return err
		}
		for key, bound := range map[string]*float64{"min": m.Min, "max": m.Max} {
			if bound != nil && !(*bound >= 0 && *bound <= 10) {
				return strict.In(errors.New("a severity is between 0 and 10"), key)
			}
		}
		s.Min, s.Max = m.Min, m.Max
		return ordered(m.Min, m.Max)
	case ast.SequenceType:
		names, err := strict.Texts(n)
		if err != nil {
			return err
		}
		s.Bands = nil
		for i, name := range names {
			if err := oneOf(Band(name), Bands()); err != nil {
				return strict.In(err, i)
			}
			s.Bands = append(s.Bands, Band(name))
		}
		return nil
	default:
		name, err := strict.Text(n)
		if err != nil || n.Type() == ast.IntegerType {
			return errors.New("a name (high), a list ([high, critical]) or bounds ({min: 7}) are wanted here")
		}
		s.Bands = []Band{Band(name)}
		return oneOf(Band(name), Bands())
	}
}

// Has says whether a severity meets the condition.
func (s Severity) Has(severity float64) bool {
	if len(s.Bands) > 0 {
		return slices.Contains(s.Bands, BandOf(severity))
	}
	return severity > 0 && (s.Min == nil || severity >= *s.Min) && (s.Max == nil || severity <= *s.Max)
}

// Duration is a time such as 90s, 15m, 36h, 7d, 1d12h. It is never negative.
type Duration time.Duration

// UnmarshalYAML reads a duration.
func (d *Duration) UnmarshalYAML(n ast.Node) error {
	text, err := strict.Text(n)
	if err != nil {
		return errors.New("a duration is wanted here, such as 90s, 15m, 2h or 7d")
	}
	*d, err = ParseDuration(text)
	return err
}

// maxDuration keeps sums from overflowing: ten years.
const maxDuration = 3650 * 24 * time.Hour

// ParseDuration reads numbers with the units s, m, h and d.
func ParseDuration(text string) (Duration, error) {
	bad := fmt.Errorf("%.40q is no duration; write 90s, 15m, 2h or 7d", text)
	var total time.Duration
	for rest := text; ; {
		digits := 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		if digits == 0 || digits == len(rest) || digits > 9 {
			return 0, bad
		}
		n, err := strconv.Atoi(rest[:digits])
		unit, ok := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour}[rest[digits]]
		if err != nil || !ok {
			return 0, bad
		}
		if time.Duration(n) > maxDuration/unit {
			return 0, fmt.Errorf("%.40q is too long", text)
		}
		if total += time.Duration(n) * unit; total > maxDuration {
			return 0, fmt.Errorf("%.40q is too long", text)
		}
		if rest = rest[digits+1:]; rest == "" {
			return Duration(total), nil
		}
	}
}

// String is the duration as it is written in cordon.yaml.
func (d Duration) String() string {
	t := time.Duration(d)
	if t%(24*time.Hour) == 0 && t > 0 {
		return fmt.Sprintf("%dd", t/(24*time.Hour))
	}
	return t.String()
}

// Clock is a time of day in minutes since midnight, plus one: 0 stands for "not given".
type Clock int

// UnmarshalYAML reads "22:00".
func (c *Clock) UnmarshalYAML(n ast.Node) error {
	text, err := strict.Text(n)
	if err != nil {
		return errors.New(`a time of day is wanted here, in quotes: "22:00"`)
	}
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != 5 {
		return fmt.Errorf("%.40q is no time of day; write 00:00 to 23:59, in quotes", text)
	}
	*c = Clock(t.Hour()*60+t.Minute()) + 1
	return nil
}

// Minutes since midnight, where the time is given.
func (c Clock) Minutes() int { return int(c) - 1 }

// String is the time of day as it is written in cordon.yaml.
func (c Clock) String() string {
	if c == 0 {
		return ""
	}
	return fmt.Sprintf("%02d:%02d", c.Minutes()/60, c.Minutes()%60)
}

// Date is a day, such as 2026-12-31; "" stands for "not given".
type Date string

// UnmarshalYAML reads a day.
func (d *Date) UnmarshalYAML(n ast.Node) error {
	text, err := strict.Text(n)
	if err != nil {
		return errors.New("a day is wanted here: 2026-12-31")
	}
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return fmt.Errorf("%.40q is no day; write 2026-12-31", text)
	}
	*d = Date(text)
	return nil
}

// Past says whether the day is over at a time; both are in UTC.
func (d Date) Past(now time.Time) bool {
	day, err := time.Parse(time.DateOnly, string(d))
	return err == nil && !now.Before(day.AddDate(0, 0, 1))
}

// oneOf says what is wrong with a word that has to be one of a list.
func oneOf[T ~string](word T, known []T) error {
	if slices.Contains(known, word) {
		return nil
	}
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = string(k)
	}
	return fmt.Errorf("%.60q is not known%s", string(word), strict.Meant(string(word), names))
}

// ordered says what is wrong with two bounds of which one has to be given.
func ordered[T int | float64 | Duration](least, most *T) error {
	switch {
	case least == nil && most == nil:
		return errors.New("neither min nor max is given")
	case least != nil && most != nil && *least > *most:
		return errors.New("min is above max: nothing would match")
	default:
		return nil
	}
}
