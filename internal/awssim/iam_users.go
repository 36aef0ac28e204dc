package awssim

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func registerIAMUsers(r registry) {
	write(r, "IAM", createUser)
	read(r, "IAM", getUser)
	write(r, "IAM", deleteUser)
	read(r, "IAM", listUsers)
}

func createUser(x *request, in *iam.CreateUserInput) (*iam.CreateUserOutput, error) {
	if err := checkIAMName("userName", in.UserName, 64); err != nil {
		return nil, err
	}
	path, err := checkIAMPath(in.Path)
	if err != nil {
		return nil, err
	}
	tags, err := sortedTags(in.Tags)
	if err != nil {
		return nil, err
	}
	if _, dup := x.iamWrite().Users[*in.UserName]; dup {
		return nil, entityExists("User with name %s already exists.", *in.UserName)
	}
	u := x.st.addUser(x.now, path, *in.UserName)
	u.User.Tags = tags
	return &iam.CreateUserOutput{User: new(clone(u.User))}, nil
}

// addUser makes a user without checks.
func (s *state) addUser(now time.Time, path, name string) *iamUser {
	u := &iamUser{
		User: iamtypes.User{
			Arn:        aws.String(s.arn("iam", "", "user"+path+name)),
			CreateDate: aws.Time(now.Truncate(time.Second)),
			Path:       &path,
			UserId:     aws.String(s.uniqueID("AIDA", 21)),
			UserName:   &name,
		},
		Inline: map[string]string{},
		Keys:   map[string]*accessKey{},
	}
	s.IAM.Now.Users[name] = u
	return u
}

func getUser(x *request, in *iam.GetUserInput) (*iam.GetUserOutput, error) {
	name := in.UserName
	if name == nil {
		var err error
		if name, err = x.callingUser(); err != nil {
			return nil, err
		}
	}
	u, err := x.iamView().user(name)
	if err != nil {
		return nil, err
	}
	return &iam.GetUserOutput{User: new(clone(u.User))}, nil
}

// callingUser is the name of the calling IAM user, which some calls take for a user that is not named.
func (x *request) callingUser() (*string, error) {
	if _, user, ok := strings.Cut(x.Principal, ":user/"); ok {
		return aws.String(user[strings.LastIndex(user, "/")+1:]), nil
	}
	return nil, validationError("Must specify userName when calling with non-User credentials")
}

func deleteUser(x *request, in *iam.DeleteUserInput) (*iam.DeleteUserOutput, error) {
	d := x.iamWrite()
	u, err := d.user(in.UserName)
	switch {
	case err != nil:
		return nil, err
	case len(u.Attached) > 0:
		return nil, deleteConflict("Cannot delete entity, must detach all policies first.")
	case len(u.Inline) > 0:
		return nil, deleteConflict("Cannot delete entity, must delete policies first.")
	case len(u.Keys) > 0:
		return nil, deleteConflict("Cannot delete entity, must delete access keys first.")
	}
	delete(d.Users, *in.UserName)
	return &iam.DeleteUserOutput{}, nil
}

func listUsers(x *request, in *iam.ListUsersInput) (*iam.ListUsersOutput, error) {
	d := x.iamView()
	names := namesUnder(d.Users, in.PathPrefix, func(u *iamUser) *string { return u.User.Path })
	page, marker, more, err := iamPage(names, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListUsersOutput{Users: []iamtypes.User{}, Marker: marker, IsTruncated: more}
	for _, n := range page {
		u := clone(d.Users[n].User)
		u.Tags, u.PermissionsBoundary = nil, nil
		out.Users = append(out.Users, u)
	}
	return out, nil
}
