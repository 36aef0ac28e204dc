package finding

import (
	"math"
	"time"
)

// layouts are the spellings of a time seen in findings: the wire's, and those of boto3, of log
// pipelines and of Python's str(datetime). A fraction of a second is accepted by all of them.
var layouts = [...]string{
	time.RFC3339,
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05",
	"2006-01-02T15:04:05",
	"2006-01-02T15:04:05Z0700",
}

// parseTime reads a time from one of the layouts, or from seconds since 1970. It is in UTC and
// between the years 1970 and 9999.
func parseTime(v value) (time.Time, bool) {
	text := v.text()
	if text == "" {
		return time.Time{}, false
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			t = t.UTC()
			return t, t.Year() >= 1970 && t.Year() <= 9999
		}
	}
	const year9999 = 253370764800
	seconds, ok := v.number()
	if !ok || seconds < 0 || seconds >= year9999 {
		return time.Time{}, false
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC(), true
}
