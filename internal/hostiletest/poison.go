package hostiletest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// kept are the fields of a finding that say which thing it is about. AWS writes them; with another text there the finding is
// another one, or none.
var kept = []string{
	"schemaVersion", "accountId", "account", "region", "partition", "detail-type", "source", "type", "resourceType", "instanceId", "userType",
	"accessKeyId", "principalId", "userName", "severity", "arn", "bucketArn", "defaultServerSideEncryption", "publicAccess", "effectivePermission",
	"updatedAt", "createdAt", "eventFirstSeen", "eventLastSeen", "resourceUid", "uid", "cloudPartition", "resourceRole", "serviceName", "detectorId", "id",
}

// Poison is a finding's document with a hostile text in every place that holds a text and is not what names the target. With
// also it is put there, too: into the field of that name.
func Poison(document []byte, text, also string) ([]byte, error) {
	var doc any
	if err := json.Unmarshal(document, &doc); err != nil {
		return nil, fmt.Errorf("read document: %w", err)
	}
	raw, err := json.Marshal(poison(doc, "", "", placeholder, also))
	if err != nil {
		return nil, fmt.Errorf("write document: %w", err)
	}
	return bytes.ReplaceAll(raw, []byte(placeholder), quoted(text)), nil
}

// placeholder stands for the text while the document is no bytes yet: JSON's encoder would mend what is no UTF-8.
const placeholder = "HOSTILE-TEXT-GOES-HERE"

// quoted is text as it stands between quotation marks in JSON; bytes that are no UTF-8 stay.
func quoted(text string) []byte {
	var b []byte
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ' || c == '"' || c == '\\':
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = append(b, c)
		}
	}
	return b
}

func poison(v any, parent, key, text, also string) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, inner := range v {
			out[k] = poison(inner, key, k, text, also)
		}
		if key == "service" || key == "detail" || key == "resource" { // a place that AWS may add one day
			out["zzAdded"] = map[string]any{text: text}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = poison(inner, parent, key, text, also)
		}
		return out
	case string:
		bucketName := key == "name" && parent == "s3BucketDetails"
		if also == key || also == "" && !bucketName && !slices.Contains(kept, key) {
			return text
		}
		return v
	default:
		return v
	}
}

// KeptFields are the fields that Poison leaves alone.
func KeptFields() []string { return append(slices.Clone(kept), "name") }
