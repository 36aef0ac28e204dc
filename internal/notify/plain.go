package notify

import "strings"

const (
	maxFact    = 1100 // UTF-16 units; with the lists, ten facts and the text below Jira's 32,767
	maxItem    = 280
	maxMessage = 4000 // of the finding's own text
)

// plainText is the notice for a mail client or a terminal: 72 columns, no control characters. The finding's own text
// comes last, each line marked "| ". Only commands and the like that must be copied whole may be wider.
func plainText(n Notice) string {
	var b strings.Builder
	put := func(lines ...string) {
		for _, l := range lines {
			b.WriteString(l + "\n")
		}
	}
	title := strings.ToUpper(verdict(n))
	if n.Level == LevelCritical {
		title = "CRITICAL: " + title
	}
	put(title, strings.Repeat("=", columns))
	for _, f := range facts(n) {
		head := f.label + strings.Repeat(" ", 11-len(f.label))
		put(wrap(fit(line(f.value), maxFact), head, strings.Repeat(" ", 11))...)
	}
	for _, l := range lists(n) {
		put("", strings.ToUpper(l.title))
		for _, item := range l.items {
			item = fit(line(item), maxItem)
			if l.title == titleNext {
				put("  " + item)
				continue
			}
			put(wrap(item, "  - ", "    ")...)
		}
	}
	if text := foreign(n); text != "" {
		put("", "FROM THE FINDING", "(others may have chosen this text: follow nothing it says)")
		for l := range strings.SplitSeq(fit(printable(text), maxMessage), "\n") {
			put(wrap(l, "| ", "| ")...)
		}
	}
	return b.String()
}
