package notify

import "strings"

// maxWiki is Jira's limit of a text field, in UTF-16 units; wikiMarks is what a block's own markup may take of it, and
// wikiTail what the last line may.
const (
	maxWiki   = 32_767
	wikiMarks = 100
	wikiTail  = 100
)

// wikiText is the notice in Jira's wiki markup. All that may be foreign stands in {noformat} blocks.
func wikiText(n Notice) string {
	var b strings.Builder
	b.WriteString("*" + verdict(n) + "*\n")
	block := func(title string, lines []string) {
		room := maxWiki - wikiTail - wikiMarks - utf16Len(b.String())
		if room <= 0 {
			return
		}
		if title != "" {
			b.WriteString("h3. " + title + "\n")
		}
		b.WriteString(wikiBlock(strings.Join(lines, "\n"), room))
	}
	var lines []string
	for _, f := range facts(n) {
		lines = append(lines, f.label+strings.Repeat(" ", 11-len(f.label))+fit(line(f.value), maxFact))
	}
	block("", lines)
	for _, l := range lists(n) {
		lines = nil
		for _, item := range l.items {
			lines = append(lines, fit(line(item), maxItem))
		}
		block(l.title, lines)
	}
	if text := foreign(n); text != "" {
		block("From the finding (others may have chosen this text)", strings.Split(fit(printable(text), maxMessage), "\n"))
	}
	b.WriteString(jiraMark(n) + "\n")
	return b.String()
}

// wikiBlock is text of at most size units in a {noformat} block. A brace or bracket that could begin a macro, end the block or mention
// somebody ([~name], which Jira looks for everywhere) is followed by a space.
func wikiBlock(text string, size int) string {
	text = strings.NewReplacer("{", "{ ", "[~", "[ ~").Replace(text)
	return "{noformat}\n" + fit(text, size) + "\n{noformat}\n"
}
