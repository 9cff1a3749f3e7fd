package persons

import "context"

// Service is the person in whose name programs of the server itself act where the law of the database asks for one: the first who has
// the role of a service now, "" where nobody has.
func (b *Book) Service(ctx context.Context) (person string, err error) {
	err = b.store.DB().QueryRowContext(ctx, "SELECT coalesce(min(person), '') FROM live_role WHERE role = $1", string(Service)).Scan(&person)
	return person, err
}
