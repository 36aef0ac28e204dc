package finding

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// bare is a small complete finding in the wire's camelCase, about instance i-0a1b2c3d4e5f60001.
const bare = `{
  "schemaVersion": "2.0", "accountId": "111122223333", "region": "eu-west-1", "partition": "aws",
  "id": "c0de5eed000000000a1b2c3d4e5f0001",
  "arn": "arn:aws:guardduty:eu-west-1:111122223333:detector/d1/finding/c0de5eed000000000a1b2c3d4e5f0001",
  "type": "Backdoor:EC2/C&CActivity.B!DNS",
  "resource": {"resourceType": "Instance", "instanceDetails": {
    "instanceId": "i-0a1b2c3d4e5f60001", "tags": [{"key": "Name", "value": "web \"1\""}]}},
  "service": {"serviceName": "guardduty", "detectorId": "d1", "resourceRole": "ACTOR", "archived": false, "count": 3,
    "action": {"actionType": "NETWORK_CONNECTION", "networkConnectionAction": {"remoteIpDetails": {"ipAddressV4": "198.51.100.23"}}},
    "additionalInfo": {"value": "{}", "type": "default"},
    "eventFirstSeen": "2026-11-20T09:02:11.000Z", "eventLastSeen": "2026-11-20T09:41:37.000Z"},
  "severity": 8, "createdAt": "2026-11-20T09:08:52.412Z", "updatedAt": "2026-11-20T09:47:20.105Z",
  "title": "t", "description": "d"}`

// pascal is the same finding as boto3 prints it, booleans and numbers as strings.
const pascal = `{
  "AccountId": "111122223333", "Region": "eu-west-1", "Partition": "aws", "Id": "c0de5eed000000000a1b2c3d4e5f0001",
  "Arn": "arn:aws:guardduty:eu-west-1:111122223333:detector/d1/finding/c0de5eed000000000a1b2c3d4e5f0001",
  "Type": "Backdoor:EC2/C&CActivity.B!DNS",
  "Resource": {"ResourceType": "Instance", "InstanceDetails": {
    "InstanceId": "i-0a1b2c3d4e5f60001", "Tags": [{"Key": "Name", "Value": "web \"1\""}]}},
  "Service": {"DetectorId": "d1", "ResourceRole": "ACTOR", "Archived": "false", "Count": "3",
    "Action": {"ActionType": "NETWORK_CONNECTION", "NetworkConnectionAction": {"RemoteIpDetails": {"IpAddressV4": "198.51.100.23"}}},
    "EventFirstSeen": "2026-11-20T09:02:11.000Z", "EventLastSeen": "2026-11-20 09:41:37+00:00"},
  "Severity": "8.0", "CreatedAt": "2026-11-20T09:08:52.412Z", "UpdatedAt": "2026-11-20T09:47:20.105Z",
  "Title": "t", "Description": "d"}`

// inEvent puts a detail into an event of another account, as a delegated administrator gets it.
func inEvent(detailType, detail string) string {
	return `{"version":"0","id":"e1","detail-type":` + quote(detailType) + `,"source":"aws.guardduty",` +
		`"account":"999988887777","region":"eu-west-1","resources":[],"detail":` + detail + `}`
}

// inSNS puts a message into the notification that SNS delivers.
func inSNS(message string) string {
	return `{"Type":"Notification","MessageId":"m1","TopicArn":"arn:aws:sns:eu-west-1:999988887777:t","Message":` + quote(message) + `}`
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// change sets members of a finding, named by their path ("resource.resourceType"); nil deletes.
func change(t *testing.T, doc string, members map[string]any) string {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal([]byte(doc), &root); err != nil {
		t.Fatal(err)
	}
	for path, v := range members {
		at, names := root, strings.Split(path, ".")
		for _, name := range names[:len(names)-1] {
			next, ok := at[name].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[name] = next
			}
			at = next
		}
		if at[names[len(names)-1]] = v; v == nil {
			delete(at, names[len(names)-1])
		}
	}
	b, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// decodeOne decodes a document that is one good finding.
func decodeOne(t *testing.T, doc string) Finding {
	t.Helper()
	found, err := Decode(strings.NewReader(doc))
	if err != nil || len(found) != 1 {
		t.Fatalf("Decode: %d findings, error %v; want one and none", len(found), err)
	}
	return found[0]
}

// decodeBad decodes an input that is nothing but one bad document.
func decodeBad(t *testing.T, doc string) *NotFindingError {
	t.Helper()
	found, err := Decode(strings.NewReader(doc))
	problems := Problems(err)
	if len(found) != 0 || len(problems) != 1 {
		t.Fatalf("Decode: %d findings, error %v; want none and one", len(found), err)
	}
	var typed *NotFindingError
	if !errors.As(err, &typed) {
		t.Fatalf("error %v is not a *NotFindingError", err)
	}
	return problems[0]
}

// shared finds a directory of test material that lies beside the module; it skips when absent.
func shared(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(dir, "..", "shared", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no %s", name)
	}
	return path
}
