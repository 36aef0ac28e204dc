package policy

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"cordon/internal/config"
)

// Exemption is what keeps a target from being touched.
type Exemption struct {
	By     string `json:"by"`              // "tag cordon:exempt", "exemption 2 of cordon.yaml"
	Reason string `json:"reason"`          // as the tag or the configuration gives it
	Until  string `json:"until,omitempty"` // the last day (UTC) on which it counts: 2026-12-31
}

// exempted is the decision once exemptions are looked at: an exempt target is observed, with evidence and a notice. One
// that is over does not count, and the decision says so. Where nobody can tell whether the target is exempt, a person is
// asked.
func exempted(in Input, d Decision) Decision {
	var over []string
	unsure := ""
	for i, e := range in.Config.Policy.Exemptions {
		by := fmt.Sprintf("exemption %d of cordon.yaml", i+1)
		holds, known := exempts(in, e)
		switch {
		case !holds:
		case e.Until.Past(in.Now):
			over = append(over, fmt.Sprintf("%s (%s) ended on %s", by, e.Reason, e.Until))
			d.Nearly = append(d.Nearly, NearMiss{by, "it ended on " + string(e.Until)})
		case !known:
			unsure = by + " depends on the target's tags, which cannot be read: " + in.Facts.TagsUnknown
		default:
			return d.exempt(Exemption{by, e.Reason, string(e.Until)})
		}
	}
	tag := in.Config.Policy.ExemptTag
	tags, known := in.tags()
	value, there := tags[tag]
	switch {
	case tag == "":
	case !known:
		unsure = "the target's tags cannot be read, so nobody knows whether " + tag + " exempts it: " + in.Facts.TagsUnknown
	case there:
		e, why := fromTag(tag, value)
		switch {
		case why == "" && config.Date(e.Until).Past(in.Now):
			over = append(over, fmt.Sprintf("%s (%s) ended on %s", e.By, e.Reason, e.Until))
			d.Nearly = append(d.Nearly, NearMiss{e.By, "it ended on " + e.Until})
		case why == "":
			return d.exempt(e)
		case why != notExempt:
			return d.ask("builtin/unclear-exemption", why)
		}
	}
	if unsure != "" {
		return d.ask(tagsUnknown, unsure)
	}
	if len(over) > 0 {
		d.Reason += "; " + strings.Join(over, "; ") + ": not exempt any more"
	}
	return d
}

// exempts says whether an exemption is for the target; known is false where only its tags could tell.
func exempts(in Input, e config.Exemption) (holds, known bool) {
	if e.ID != "" && !Glob(e.ID, in.Target.ID) || e.Account != "" && e.Account != in.Target.Account {
		return false, true
	}
	if e.Tags == nil {
		return true, true
	}
	tags, known := in.tags()
	if !known {
		return true, false
	}
	_, ok := carries(tags, e.Tags)
	return ok, true
}

const notExempt = "the tag says that the target is not exempt"

var tagUntil = regexp.MustCompile(`(?i)(?:^|[\s,;/])until[\s:=]*(\S*)`)

// fromTag reads the exempt tag's value: a reason, with "until=2026-12-31" anywhere in it for the last day. Why says what
// is wrong with it: a person has to look, because someone wanted an exemption and none can be read from it.
func fromTag(tag, value string) (e Exemption, why string) {
	e.By = "tag " + tag
	reason := value
	if at := tagUntil.FindStringSubmatchIndex(value); at != nil {
		e.Until = strings.TrimRight(value[at[2]:at[3]], ".,;")
		if _, err := time.Parse(time.DateOnly, e.Until); err != nil {
			return e, fmt.Sprintf("the tag %s is there, but its end %q is no day such as 2026-12-31", tag, e.Until)
		}
		reason = value[:at[0]] + " " + value[at[1]:]
	}
	e.Reason = strings.Trim(strings.TrimSpace(reason), ",;/ ")
	switch strings.ToLower(e.Reason) {
	case "false", "no", "0", "off":
		return e, notExempt
	case "", "true", "yes", "1", "on":
		return e, fmt.Sprintf("the tag %s is there, but it gives no reason; its value has to say why", tag)
	}
	return e, ""
}

// exempt is the decision for an exempt target.
func (d Decision) exempt(e Exemption) Decision {
	reason := fmt.Sprintf("the target is exempt (%s): %s", e.By, e.Reason)
	if e.Until != "" {
		reason += ", until " + e.Until
	}
	out := d.instead(Observe, d.Rule, reason)
	out.Exempt = &e
	out.Nearly = append([]NearMiss{{d.Rule, "it says " + string(d.Outcome) + ", but the target is exempt"}}, d.Nearly...)
	out.Rule = "builtin/exempt"
	return out
}

// ask is the decision with a person's yes before it.
func (d Decision) ask(rule, why string) Decision {
	d.Outcome, d.Rule, d.Reason = Approve, rule, why
	return d
}
