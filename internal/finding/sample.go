package finding

import (
	"encoding/json"
	"strings"
)

// Who suppresses a finding by making it look like a sample has escaped containment. So a tell
// counts only where an attacker cannot write: GuardDuty's own fields, or an id AWS assigns.

// generatedInstance is the instance of every sample about one.
const generatedInstance = "i-99999999"

func (b *builder) sample(reason string) {
	if !b.Sample {
		b.Sample, b.SampleReason = true, reason
	}
}

// sampleTells looks at service.additionalInfo, where a sample says so itself, and at the title.
func (b *builder) sampleTells(additionalInfo value) {
	info := additionalInfo.object()
	if info.get("sample").boolean() {
		b.sample("service.additionalInfo.sample is true")
	}
	if saysSample(info.get("value")) {
		b.sample("service.additionalInfo.value says sample")
	}
	if strings.HasPrefix(b.Title, "[SAMPLE]") {
		b.sample("the title begins with [SAMPLE]")
	}
}

// saysSample looks into additionalInfo.value, a JSON document in a string.
func saysSample(v value) bool {
	if !v.isString() {
		return v.path("sample").boolean()
	}
	text := strings.TrimSpace(v.text())
	if !strings.HasPrefix(text, "{") || !shallow(text) || !json.Valid([]byte(text)) {
		return false
	}
	return value(text).path("sample").boolean()
}

// isGenerated reports whether a resource is one of those AWS makes up. Of a bucket only capitals
// tell, which a real one cannot have; users and roles are judged by [Identity.generated].
func isGenerated(kind Kind, id string) bool {
	switch kind {
	case KindInstance:
		return id == generatedInstance
	case KindUser, KindRole, KindRoot, KindFederatedUser, KindIdentityCenterUser, KindPrincipal:
		return false
	case KindDBInstance, KindLimitlessDB: // RDS makes names lower case
		return hasGenerated(id) || strings.HasPrefix(id, "generatedfinding")
	default:
		return hasGenerated(id)
	}
}

func hasGenerated(s string) bool { return strings.HasPrefix(s, "GeneratedFinding") }

// shallow reports whether a document nests no deeper than allowed.
func shallow(text string) bool {
	_, state := scanValue([]byte(text), 0)
	return state == scanned
}
