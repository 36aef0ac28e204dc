package faultsim

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"cordon/internal/cloud"
	"cordon/internal/config"
	"cordon/internal/finding"
)

// subject is one finding, and how one sees in the account, without Cordon, that its target is cut off.
type subject struct {
	name    string
	onAWS   bool // store and vault are a table and a bucket
	another bool // of a playbook that another subject has gone through call by call
	conf    func(*config.Config)
	finding finding.Finding
	cut     func(w *world) error
}

func subjects(t *testing.T) []subject {
	t.Helper()
	const (
		web   = "i-0a1b2c3d4e5f60001" // Auto Scaling, balancers, two interfaces
		batch = "i-0a1b2c3d4e5f60002" // Windows, managed by Systems Manager, behind NAT
		db    = "i-0a1b2c3d4e5f60003" // Arm, termination protection on
	)
	live := func(c *config.Config) {
		c.EC2.QuarantineProfile = "arn:aws:iam::111122223333:instance-profile/cordon-quarantine"
		c.EC2.LiveResponse = config.LiveResponse{Channel: config.ChannelHTTPS, Seconds: 90, Commands: []string{"ps aux"}, WindowsCommands: []string{"Get-Process"}}
	}
	identity := func(kind, user, principal, key string) finding.Finding {
		return decode(t, "UnauthorizedAccess:IAMUser/MaliciousIPCaller", fmt.Sprintf(
			`{"resourceType":"AccessKey","accessKeyDetails":{"userType":%q,"userName":%q,"principalId":%q,"accessKeyId":%q}}`, kind, user, principal, key))
	}
	instance := func(id string) finding.Finding {
		return decode(t, "Backdoor:EC2/C&CActivity.B", fmt.Sprintf(`{"resourceType":"Instance","instanceDetails":{"instanceId":%q}}`, id))
	}
	bucket := decode(t, "Policy:S3/BucketAnonymousAccessGranted", `{"resourceType":"S3Bucket","s3BucketDetails":[{"name":"cordon-demo-customer-data","type":"Destination"}]}`)
	const user, key = "deploy-bot", "AKIAIOSFODNN7EXAMPLE"
	return []subject{
		{name: "web", finding: instance(web), cut: isolated(web)},
		{name: "web-on-aws", onAWS: true, another: true, finding: instance(web), cut: isolated(web)},
		{name: "batch-live", conf: live, finding: instance(batch), cut: isolated(batch)},
		{name: "db", another: true, finding: instance(db), cut: isolated(db)},
		{name: "user", finding: identity("IAMUser", user, "AIDACKCEVSQ6C2EXAMPLE", key), cut: both(keyOff(user, key), userRevoked(user))},
		{name: "user-on-aws", onAWS: true, another: true, finding: identity("IAMUser", user, "AIDACKCEVSQ6C2EXAMPLE", key), cut: both(keyOff(user, key), userRevoked(user))},
		{name: "role", finding: identity("Role", "web-app-role", "AROA5EXAMPLE", ""), cut: roleRevoked("web-app-role")},
		{name: "federated", finding: identity("FederatedUser", "alice", "AIDACKCEVSQ6C2EXAMPLE:alice", "ASIAEXAMPLE"), cut: userRevoked(user)},
		{name: "bucket", finding: bucket, cut: notPublic("cordon-demo-customer-data")},
	}
}

// decode is a finding of High severity on a resource, read as any document is.
func decode(t *testing.T, kind, resource string) finding.Finding {
	t.Helper()
	all, err := finding.Decode(strings.NewReader(fmt.Sprintf(`{"schemaVersion":"2.0","id":"f1","accountId":"111122223333","region":"us-east-1",
		"partition":"aws","arn":"arn:aws:guardduty:us-east-1:111122223333:detector/d1/finding/f1","type":%q,"severity":8,
		"service":{"count":1,"eventLastSeen":"1999-12-31T23:00:00Z"},"updatedAt":"1999-12-31T23:30:00Z","resource":%s}`, kind, resource)))
	check(t, err)
	if len(all) != 1 || len(all[0].Targets) != 1 {
		t.Fatalf("%d findings in %s", len(all), resource)
	}
	return all[0]
}

func (w *world) clients() *cloud.Clients { return cloud.New(w.account.Config(region), w.account.ID()) }

// isolated wants that nothing new gets to or from any interface of an instance, but 443 out while live response runs, and that
// no connection over the internet gateway is alive.
func isolated(instance string) func(*world) error {
	return func(w *world) error {
		out, err := w.clients().EC2.DescribeNetworkInterfaces(w.t.Context(), &ec2.DescribeNetworkInterfacesInput{
			Filters: []ec2types.Filter{{Name: ptr("attachment.instance-id"), Values: []string{instance}}},
		})
		if err != nil {
			return err
		}
		mine := map[string]bool{}
		for _, eni := range out.NetworkInterfaces {
			id := *eni.NetworkInterfaceId
			mine[id] = true
			for _, port := range []int{22, 80, 443, 3389, 4444} {
				if w.account.Reachable(region, id, "198.51.100.7", port, "inbound") {
					return fmt.Errorf("%s lets port %d in", id, port)
				}
				if port != 443 && w.account.Reachable(region, id, "198.51.100.7", port, "outbound") {
					return fmt.Errorf("%s lets port %d out", id, port)
				}
			}
		}
		for _, f := range w.account.Flows(region) {
			if f.Alive && mine[f.Interface] && f.Via == "internet-gateway" && f.Port != 443 {
				return &openFlow{f.Interface, f.Remote}
			}
		}
		return nil
	}
}

// openFlow is a connection that should have been ended.
type openFlow struct{ eni, remote string }

func (f *openFlow) Error() string {
	return "a connection of " + f.eni + " to " + f.remote + " is alive"
}

func both(all ...func(*world) error) func(*world) error {
	return func(w *world) error {
		for _, f := range all {
			if err := f(w); err != nil {
				return err
			}
		}
		return nil
	}
}

func keyOff(user, key string) func(*world) error {
	return func(w *world) error {
		out, err := w.clients().IAM.ListAccessKeys(w.t.Context(), &iam.ListAccessKeysInput{UserName: &user})
		if err != nil {
			return err
		}
		for _, k := range out.AccessKeyMetadata {
			if *k.AccessKeyId == key && k.Status == iamtypes.StatusTypeActive {
				return fmt.Errorf("key %s is active", key)
			}
		}
		return nil
	}
}

func userRevoked(user string) func(*world) error {
	return func(w *world) error {
		out, err := w.clients().IAM.ListUserPolicies(w.t.Context(), &iam.ListUserPoliciesInput{UserName: &user})
		return revoked(out.PolicyNames, err)
	}
}

func roleRevoked(role string) func(*world) error {
	return func(w *world) error {
		out, err := w.clients().IAM.ListRolePolicies(w.t.Context(), &iam.ListRolePoliciesInput{RoleName: &role})
		return revoked(out.PolicyNames, err)
	}
}

func revoked(names []string, err error) error {
	if err != nil {
		return err
	}
	for _, n := range names {
		if strings.HasPrefix(n, "AWSRevokeOlderSessions") {
			return nil
		}
	}
	return fmt.Errorf("no policy revokes sessions: %v", names)
}

func notPublic(bucket string) func(*world) error {
	return func(w *world) error {
		if w.account.Public(bucket) {
			return fmt.Errorf("bucket %s is public", bucket)
		}
		return nil
	}
}

func ptr[T any](v T) *T { return &v }

// reidentified is a finding's document with the finding's own id.
func reidentified(f finding.Finding) []byte {
	return bytes.Replace(f.Raw, []byte(`"id":"f1"`), fmt.Appendf(nil, `"id":%q`, f.ID), 1)
}
