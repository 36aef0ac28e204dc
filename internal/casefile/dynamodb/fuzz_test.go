package dynamodb

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// FuzzItem: an item whose attributes are of any type, with anything in them, is a case or a record that can be written
// again, or an error. The index's attributes are keys alone, which lead to an item or to none.
func FuzzItem(f *testing.F) {
	f.Add([]byte(`{"id":"c-0123456789ab","status":"open","approval":{"plan":"0"}}`), "token", "1", []byte(`{}`), uint8(0))
	f.Add([]byte(`{"case":"c-0123456789ab","action":"a"}`), "\xff", "-1", []byte(`{`), uint8(1))
	f.Add([]byte(`{"case":"c","action":"a"}`), "", "9e999", []byte(`1`), uint8(2))
	f.Add([]byte(``), "t", "99999999999999999999999999999999999999", []byte(``), uint8(7))
	f.Fuzz(func(t *testing.T, body []byte, token, n string, part []byte, kinds uint8) {
		attribute := func(bit uint8, raw []byte) types.AttributeValue {
			switch {
			case kinds>>bit&1 == 0:
				return content(raw)
			case kinds>>(bit+1)&1 == 0:
				return &types.AttributeValueMemberN{Value: string(raw)}
			default:
				return &types.AttributeValueMemberNULL{Value: true}
			}
		}
		i := key(caseKey("c"), skCase)
		i["body"], i[taskToken], i["version"], i["entries"], i["seq"] = attribute(0, body), attribute(1, []byte(token)), attribute(2, []byte(n)), number(1), attribute(3, []byte(n))
		i["request"], i["prior"], i[hash("after")] = attribute(4, part), content(part), attribute(5, part)
		i["lease_owner"], i["lease_until"] = attribute(5, []byte(token)), attribute(6, []byte(n))
		s := &Store{}
		if c, err := s.decodeCase(t.Context(), i); err == nil {
			if _, err := json.Marshal(c.Case); err != nil || c.ID == "" {
				t.Fatalf("accepted a case that cannot be written: %v", err)
			}
		}
		if r, err := s.decodeRecord(t.Context(), i); err == nil {
			if _, err := json.Marshal(r); err != nil || r.Action == "" {
				t.Fatalf("accepted a record that cannot be written: %v", err)
			}
		}
		_ = i.fits()
	})
}
