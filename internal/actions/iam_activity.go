package actions

import "time"

// activity is the part of a request that says when the sessions were last in use: Since is the latest activity that the
// case's findings tell of, RFC 3339, "" where they tell of none. What is no time counts as none.
type activity struct {
	Since string `json:"since,omitempty"`
}

// later is the later one of the two.
func (a activity) later(b activity) activity {
	was, _ := time.Parse(time.RFC3339, a.Since)
	if asked, err := time.Parse(time.RFC3339, b.Since); err == nil && asked.After(was) {
		return b
	}
	return a
}

// since is the moment that the revocation must reach. One that is still to come, from a clock that is wrong or a finding
// that lies, is one that a policy put at now reaches, also while IAM is slow to show it.
func (a activity) since(now time.Time) time.Time {
	t, err := time.Parse(time.RFC3339, a.Since)
	switch {
	case err != nil:
		return time.Time{}
	case t.After(now):
		return now.Add(-revokeAhead)
	default:
		return t
	}
}
