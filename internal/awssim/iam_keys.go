package awssim

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const keysPerUser = 2

func registerIAMKeys(r registry) {
	write(r, "IAM", createAccessKey)
	read(r, "IAM", listAccessKeys)
	write(r, "IAM", updateAccessKey)
	write(r, "IAM", deleteAccessKey)
	read(r, "IAM", getAccessKeyLastUsed)
}

// namedOrCalling is the user that a key operation means: the one named, else the caller.
func (x *request) namedOrCalling(d *iamData, name *string) (*iamUser, error) {
	if name == nil {
		var err error
		if name, err = x.callingUser(); err != nil {
			return nil, err
		}
	}
	return d.user(name)
}

func createAccessKey(x *request, in *iam.CreateAccessKeyInput) (*iam.CreateAccessKeyOutput, error) {
	u, err := x.namedOrCalling(x.iamWrite(), in.UserName)
	if err != nil {
		return nil, err
	}
	if len(u.Keys) >= keysPerUser {
		return nil, limitExceeded("Cannot exceed quota for AccessKeysPerUser: %d", keysPerUser)
	}
	k := u.addKey(x.now, x.st.uniqueID("AKIA", 20))
	return &iam.CreateAccessKeyOutput{AccessKey: &iamtypes.AccessKey{
		AccessKeyId: clone(k.Meta.AccessKeyId), CreateDate: clone(k.Meta.CreateDate), UserName: clone(k.Meta.UserName),
		Status: k.Meta.Status, SecretAccessKey: aws.String("simulated"),
	}}, nil
}

// addKey gives the user an active key without checks.
func (u *iamUser) addKey(now time.Time, id string) *accessKey {
	k := &accessKey{Meta: iamtypes.AccessKeyMetadata{
		AccessKeyId: &id, CreateDate: aws.Time(now.Truncate(time.Second)),
		Status: iamtypes.StatusTypeActive, UserName: clone(u.User.UserName),
	}}
	u.Keys[id] = k
	return k
}

func listAccessKeys(x *request, in *iam.ListAccessKeysInput) (*iam.ListAccessKeysOutput, error) {
	u, err := x.namedOrCalling(x.iamView(), in.UserName)
	if err != nil {
		return nil, err
	}
	page, marker, more, err := iamPage(sortedKeys(u.Keys), in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListAccessKeysOutput{AccessKeyMetadata: []iamtypes.AccessKeyMetadata{}, Marker: marker, IsTruncated: more}
	for _, id := range page {
		out.AccessKeyMetadata = append(out.AccessKeyMetadata, clone(u.Keys[id].Meta))
	}
	return out, nil
}

// key is one of the user's keys.
func (u *iamUser) key(id *string) (*accessKey, error) {
	k, ok := u.Keys[aws.ToString(id)]
	if !ok {
		return nil, noSuchEntity("The Access Key with id %s cannot be found.", aws.ToString(id))
	}
	return k, nil
}

func updateAccessKey(x *request, in *iam.UpdateAccessKeyInput) (*iam.UpdateAccessKeyOutput, error) {
	if in.Status != iamtypes.StatusTypeActive && in.Status != iamtypes.StatusTypeInactive {
		return nil, validationError("1 validation error detected: Value '%s' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]", in.Status)
	}
	u, err := x.namedOrCalling(x.iamWrite(), in.UserName)
	if err != nil {
		return nil, err
	}
	k, err := u.key(in.AccessKeyId)
	if err != nil {
		return nil, err
	}
	k.Meta.Status = in.Status
	return &iam.UpdateAccessKeyOutput{}, nil
}

func deleteAccessKey(x *request, in *iam.DeleteAccessKeyInput) (*iam.DeleteAccessKeyOutput, error) {
	u, err := x.namedOrCalling(x.iamWrite(), in.UserName)
	if err != nil {
		return nil, err
	}
	if _, err := u.key(in.AccessKeyId); err != nil {
		return nil, err
	}
	delete(u.Keys, *in.AccessKeyId)
	return &iam.DeleteAccessKeyOutput{}, nil
}

// getAccessKeyLastUsed answers for the account's keys only; for a key that it does not hold AWS denies access.
func getAccessKeyLastUsed(x *request, in *iam.GetAccessKeyLastUsedInput) (*iam.GetAccessKeyLastUsedOutput, error) {
	for _, u := range x.iamView().Users {
		k, ok := u.Keys[aws.ToString(in.AccessKeyId)]
		if !ok {
			continue
		}
		used := &iamtypes.AccessKeyLastUsed{Region: aws.String("N/A"), ServiceName: aws.String("N/A")}
		if k.LastUsed != nil {
			used = clone(k.LastUsed)
		}
		return &iam.GetAccessKeyLastUsedOutput{UserName: clone(u.User.UserName), AccessKeyLastUsed: used}, nil
	}
	return nil, apiError(403, "AccessDenied", "User: %s is not authorized to perform: iam:GetAccessKeyLastUsed on resource: access key %s", x.Principal, aws.ToString(in.AccessKeyId))
}
